#include "daemon/set_compiler.h"

#include <string_view>
#include <unordered_map>
#include <utility>

#include "engine/compile.h"
#include "engine/patch.h"

namespace pennon::daemon {
namespace {

using base::Fail;
using base::Result;
using serving::AttachedImage;

// The set with each kept definition taken from the set before it.
template <typename T>
void TakeKept(model::Definitions<T>& definitions, const model::Definitions<T>& before,
              const std::vector<std::string>& kept) {
  if (kept.empty()) return;
  const auto places = [](const auto& list) {
    std::unordered_map<std::string_view, std::size_t> by_key;
    std::size_t place = 0;
    for (const auto& one : list) by_key.emplace(one->key, place++);
    return by_key;
  };
  const auto old_places = places(before);
  const auto now_places = places(definitions);
  for (const std::string& key : kept) {
    const auto old = old_places.find(key);
    if (old == old_places.end()) continue;
    const auto now = now_places.find(key);
    if (now == now_places.end()) {
      definitions.push_back(before[old->second]);
    } else {
      definitions.Set(now->second, before[old->second]);
    }
  }
}

CompiledSet Finish(CompiledSet compiled, std::shared_ptr<const AttachedImage> image,
                   model::FlagSet set, const CompiledSet& in_force) {
  compiled.image = std::move(image);
  compiled.given = std::move(set);
  compiled.effective = compiled.given;
  TakeKept(compiled.effective.flags, in_force.effective.flags, compiled.kept_flags);
  TakeKept(compiled.effective.segments, in_force.effective.segments, compiled.kept_segments);
  return compiled;
}

}  // namespace

Result<CompiledSet> CompileSet(model::FlagSet set, const CompiledSet& in_force) {
  CompiledSet compiled;
  if (in_force.image != nullptr) {
    auto patched = engine::Patch(
        {in_force.given, in_force.image->snapshot(), in_force.diagnostics, in_force.compact_size},
        set);
    if (patched) {
      auto image = AttachedImage::Make(*std::move(patched), *in_force.image);
      if (!image) return Fail(image.error());
      compiled.diagnostics = in_force.diagnostics;
      compiled.kept_flags = in_force.kept_flags;
      compiled.kept_segments = in_force.kept_segments;
      compiled.compact_size = in_force.compact_size;
      return Finish(std::move(compiled), *std::move(image), std::move(set), in_force);
    }
  }
  auto made = engine::Compile(set, &in_force.effective);
  if (!made) return Fail(made.error());
  compiled.diagnostics = std::move(made->diagnostics);
  compiled.kept_flags = std::move(made->kept_flags);
  compiled.kept_segments = std::move(made->kept_segments);
  compiled.compact_size = made->image.size();
  auto image =
      AttachedImage::Make(std::move(made->image), in_force.image.get(), engine::Keeping::kInMemory);
  if (!image) return Fail(image.error());
  return Finish(std::move(compiled), *std::move(image), std::move(set), in_force);
}

}  // namespace pennon::daemon
