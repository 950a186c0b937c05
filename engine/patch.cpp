#include "engine/patch.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "engine/definition_check.h"
#include "engine/flag_compiler.h"
#include "engine/image_builder.h"

namespace pennon::engine {
namespace {

using model::Flag;
using model::FlagSet;

bool IsSame(const std::vector<model::Broken>& a, const std::vector<model::Broken>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.key == other.key && one.error.Message() == other.error.Message();
  });
}

SegmentIndex IndexSegments(const ImageView& view) {
  SegmentIndex index;
  for (const std::uint32_t offset : view.segments) {
    const auto& segment = view.BlockAt<SegmentRecord>(offset);
    index.emplace(view.Text(segment.key), static_cast<std::uint32_t>(index.size()));
  }
  return index;
}

// What the flags that need a flag can tell of it, beside how it answers.
bool LooksAlike(const Flag& before, const Flag& after) {
  return before.prerequisites.empty() && after.prerequisites.empty() &&
         std::equal(before.variants.begin(), before.variants.end(), after.variants.begin(),
                    after.variants.end(),
                    [](const auto& one, const auto& other) { return one.key == other.key; });
}

bool HasAllSegments(const Flag& flag, const SegmentIndex& segments) {
  bool has_all = true;
  for (const model::Rule& rule : flag.rules) {
    if (!rule.when) continue;
    ForEachSegment(*rule.when, [&](const std::string& key) {
      has_all = has_all && segments.find(key) != segments.end();
    });
  }
  return has_all;
}

class Patcher {
 public:
  Patcher(const PatchBase& base, const FlagSet& set) : base_(base), set_(set) {
    scope_.segments = IndexSegments(base.snapshot.view());
  }

  std::optional<PatchedImage> Run() {
    if (!OnlyFlagsChanged() || !FindChanged()) return std::nullopt;
    auto patched = Write();
    if (!patched) return std::nullopt;  // what is wrong is for Compile to say
    const std::size_t limit = base_.compact_size + base_.compact_size * kMaxPatchGrowth / 100;
    if (patched->image.size() > limit) return std::nullopt;
    return *std::move(patched);
  }

 private:
  [[nodiscard]] bool OnlyFlagsChanged() const {
    const FlagSet& before = base_.set;
    return set_.segments == before.segments && set_.flags.size() == before.flags.size() &&
           IsSame(set_.broken_flags, before.broken_flags) &&
           IsSame(set_.broken_segments, before.broken_segments);
  }

  // False when a change is none that concerns its flag alone.
  bool FindChanged() {
    const ImageView& view = base_.snapshot.view();
    for (const std::size_t i : DifferingPlaces(set_.flags, base_.set.flags)) {
      const Flag& flag = *set_.flags[i];
      const auto found = base_.snapshot.Find(flag.key);
      if (!found || !ConcernsItAlone(*base_.set.flags[i], flag)) return false;
      const auto place = std::lower_bound(view.flags.begin(), view.flags.end(), found->offset);
      const bool is_first =
          changed_.emplace(static_cast<std::uint32_t>(place - view.flags.begin()), &flag).second;
      if (!is_first) return false;
    }
    return true;
  }
  [[nodiscard]] bool ConcernsItAlone(const Flag& before, const Flag& after) const {
    return before.key == after.key && LooksAlike(before, after) && !IsQuarantined(before.key) &&
           !CheckFlag(after) && HasAllSegments(after, scope_.segments);
  }
  [[nodiscard]] bool IsQuarantined(std::string_view key) const {
    return std::any_of(base_.diagnostics.begin(), base_.diagnostics.end(),
                       [&](const auto& diagnostic) { return diagnostic.flag == key; });
  }

  [[nodiscard]] base::Result<PatchedImage> Write() const {
    const ImageView& view = base_.snapshot.view();
    ImageBuilder builder(view);
    std::vector<std::uint32_t> changed;
    for (const auto& [index, flag] : changed_) {
      CompileFlag(*flag, 0, scope_, builder);
      changed.push_back(index);
    }
    auto image = builder.FinishOver(changed, set_.environment, set_.epoch, set_.revision);
    if (!image) return base::Fail(image.error());
    return PatchedImage{*std::move(image), std::move(changed)};
  }

  const PatchBase& base_;
  const FlagSet& set_;
  std::map<std::uint32_t, const Flag*> changed_;  // by their index in the image
  CompileScope scope_;                            // without `flag`: nobody who is changed names one
};

}  // namespace

std::optional<PatchedImage> Patch(const PatchBase& base, const FlagSet& set) {
  return Patcher(base, set).Run();
}

}  // namespace pennon::engine
