// From the text of a flag set to an attached image, against RapidJSON parsing the same text into a
// DOM in the same run; the image's size against the text's; and a change of one flag against a full
// compile. Prints figures as lines of JSON.
#include <rapidjson/document.h>

#include "bench/figure.h"
#include "bench/flag_set.h"
#include "bench/measure.h"
#include "engine/compile.h"
#include "engine/patch.h"
#include "engine/snapshot.h"
#include "wire/native_document.h"

namespace pennon::bench {
namespace {

const int kRounds = Rounds(5);

template <typename Work>
double MillisOf(Work&& work) {
  const std::int64_t begin = ThreadNanos();
  work();
  return static_cast<double>(ThreadNanos() - begin) / 1e6;
}

engine::ImageBytes ImageOf(const std::string& text) {
  const auto set = wire::ReadNativeDocument(text);
  if (!set) Abort(set.error().Message());
  auto compiled = engine::Compile(*set);
  if (!compiled || compiled->HasErrors()) Abort("the flag set does not compile");
  if (!engine::Snapshot::Attach(compiled->image)) Abort("the image cannot be attached");
  return std::move(compiled->image);
}

void CompileText(std::size_t flags) {
  const std::string text = FlagSetText(flags);
  const std::string name = std::to_string(flags) + " flags, ";
  std::vector<double> ours;
  std::vector<double> floors;
  std::size_t image_bytes = 0;
  for (int round = 0; round < kRounds; ++round) {
    floors.push_back(MillisOf([&] {
      rapidjson::Document document;
      document.Parse(text.data(), text.size());
      if (document.HasParseError()) Abort("the text is no JSON");
    }));
    ours.push_back(MillisOf([&] { image_bytes = ImageOf(text).size(); }));
  }
  Print({.name = "compile, " + name + "text to attached image",
         .unit = "ms",
         .value = Median(ours),
         .floor = Median(floors),
         .ratio = MedianRatio(ours, floors),
         .at_most = flags >= 100'000 ? std::optional(6.0) : std::nullopt});
  Print({.name = "compile, " + name + "image",
         .unit = "bytes",
         .value = static_cast<double>(image_bytes),
         .floor = static_cast<double>(text.size()),
         .ratio = static_cast<double>(image_bytes) / static_cast<double>(text.size()),
         .at_most = 0.7});
}

// What a store or daemon does when one flag of a set changes, against doing it for all of them.
void ChangeOneFlag(std::size_t flags) {
  const std::string text = FlagSetText(flags);
  const auto set = wire::ReadNativeDocument(text);
  if (!set) Abort(set.error().Message());
  auto compiled = engine::Compile(*set);
  if (!compiled) Abort(compiled.error().Message());
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) Abort(snapshot.error().Message());
  std::vector<double> patches;
  std::vector<double> compiles;
  for (int round = 0; round < kRounds; ++round) {
    compiles.push_back(MillisOf([&] { ImageOf(text); }));
    patches.push_back(MillisOf([&] {
      model::FlagSet next = *set;
      auto flag = std::make_shared<model::Flag>(*next.flags[flags / 2]);
      flag->enabled = false;
      next.flags.Set(flags / 2, std::move(flag));
      const auto patched =
          engine::Patch({*set, *snapshot, compiled->diagnostics, compiled->image.size()}, next);
      if (!patched) Abort("the change is none that concerns one flag");
      if (!engine::Snapshot::AttachPatched(patched->image, *snapshot, patched->changed)) {
        Abort("the image cannot be attached");
      }
    }));
  }
  Print({.name = "compile, " + std::to_string(flags) + " flags, one changed",
         .unit = "ms",
         .value = Median(patches),
         .floor = Median(compiles),
         .ratio = MedianRatio(patches, compiles),
         .at_most = 0.1});
}

}  // namespace
}  // namespace pennon::bench

int main() {
  pennon::bench::CompileText(10'000);
  pennon::bench::CompileText(100'000);
  pennon::bench::ChangeOneFlag(10'000);
  return 0;
}
