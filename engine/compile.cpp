#include "engine/compile.h"

#include <algorithm>

#include "engine/definition_check.h"
#include "engine/flag_compiler.h"
#include "engine/key_index.h"
#include "engine/limits.h"
#include "engine/quarantine.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::Diagnostic;
using model::Flag;
using model::FlagSet;
using model::Segment;

std::vector<Reference> SegmentsOf(const Segment& segment, KeyIndex<Segment>& index) {
  std::vector<Reference> references;
  if (segment.when) {
    ForEachSegment(*segment.when, [&](const std::string& key) {
      references.push_back({index.Place(key), "when", key});
    });
  }
  return references;
}

std::vector<Reference> PrerequisitesOf(const Flag& flag, KeyIndex<Flag>& index) {
  std::vector<Reference> references;
  for (std::size_t i = 0; i < flag.prerequisites.size(); ++i) {
    const std::string& key = flag.prerequisites[i].flag;
    references.push_back({index.Place(key), "prerequisites[" + std::to_string(i) + "].flag", key});
  }
  return references;
}

// What a flag says about other definitions, beyond that they exist.
class FlagReferences {
 public:
  FlagReferences(KeyIndex<Segment>& segments, KeyIndex<Flag>& flags)
      : segments_(segments), flags_(flags) {}

  std::optional<Error> Check(const Flag& flag) const {
    for (std::size_t i = 0; i < flag.rules.size(); ++i) {
      if (!flag.rules[i].when) continue;
      if (auto error = CheckSegments(*flag.rules[i].when)) {
        return error->Within("rules[" + std::to_string(i) + ']');
      }
    }
    for (std::size_t i = 0; i < flag.prerequisites.size(); ++i) {
      if (auto error = CheckVariants(flag.prerequisites[i])) {
        return error->Within("prerequisites[" + std::to_string(i) + ']');
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<Error> CheckSegments(const model::Condition& condition) const {
    std::optional<Error> error;
    ForEachSegment(condition, [&](const std::string& key) {
      if (error) return;
      const auto* const segment = segments_.Find(key);
      if (segment == nullptr) {
        error = Error::Invalid("when", "there is no segment \"" + key + '"');
      } else if (segment->chosen == nullptr) {
        error = Error::Invalid("when", "the segment \"" + key + "\" is quarantined");
      }
    });
    return error;
  }

  std::optional<Error> CheckVariants(const model::Prerequisite& prerequisite) const {
    const auto* const other = flags_.Find(prerequisite.flag);
    // Missing is told already; quarantined is not this flag's mistake.
    if (other == nullptr || other->chosen == nullptr) return std::nullopt;
    for (const std::string& variant : prerequisite.variants) {
      if (VariantIndex(*other->chosen, variant) >= 0) continue;
      return Error::Invalid(
          "variants", "the flag \"" + prerequisite.flag + "\" has no variant \"" + variant + '"');
    }
    return std::nullopt;
  }

  KeyIndex<Segment>& segments_;
  KeyIndex<Flag>& flags_;
};

std::string Place(std::string_view list, std::string_view key) {
  return std::string(list).append(1, '.').append(key);
}

template <typename T>
void Report(const Candidates<T>& candidates, std::string_view list, Compiled& compiled,
            std::vector<std::string>& kept) {
  for (const auto& candidate : candidates) {
    if (!candidate.error) continue;
    compiled.diagnostics.push_back({model::Severity::kError, std::string(candidate.key),
                                    candidate.error->Within(Place(list, candidate.key))});
    if (candidate.kept && candidate.chosen != nullptr) kept.emplace_back(candidate.key);
  }
}

template <typename T>
std::optional<Error> FindTwice(const Candidates<T>& candidates, std::string_view list) {
  const auto twice =
      std::adjacent_find(candidates.begin(), candidates.end(),
                         [](const auto& a, const auto& b) { return a.key == b.key; });
  if (twice == candidates.end()) return std::nullopt;
  return Error::Invalid(Place(list, twice->key), "is defined twice");
}

std::optional<Error> CheckSizes(const FlagSet& set) {
  if (set.flags.size() + set.broken_flags.size() > kMaxFlags) {
    return Error::Limit("flags", "are more than " + std::to_string(kMaxFlags));
  }
  if (set.segments.size() + set.broken_segments.size() > kMaxSegments) {
    return Error::Limit("segments", "are more than " + std::to_string(kMaxSegments));
  }
  return std::nullopt;
}

base::Result<ImageBytes> WriteImage(const FlagSet& set, const Candidates<Segment>& segments,
                                    const Candidates<Flag>& flags, KeyIndex<Flag>& flag_index) {
  ImageBuilder builder;
  CompileScope scope;
  scope.flag = [&](std::string_view key) -> NamedFlag {
    const std::uint32_t place = flag_index.Place(key);  // all candidates are in the image
    return {place, flags[place].chosen.get()};
  };
  for (const auto& segment : segments) {
    if (segment.chosen == nullptr) continue;
    scope.segments.emplace(segment.key, static_cast<std::uint32_t>(scope.segments.size()));
  }
  for (const auto& segment : segments) {
    if (segment.chosen == nullptr) continue;
    CompileSegment(*segment.chosen, segment.height, scope, builder);
  }
  for (const auto& flag : flags) {
    if (flag.chosen != nullptr) {
      CompileFlag(*flag.chosen, flag.height, scope, builder);
    } else {
      CompileBrokenFlag(flag.key, flag.error->Message(), builder);
    }
  }
  return builder.Finish(set.environment, set.epoch, set.revision);
}

}  // namespace

bool Compiled::HasErrors() const {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.severity == model::Severity::kError;
  });
}

base::Result<Compiled> Compile(const FlagSet& set, const FlagSet* in_force) {
  if (auto error = CheckSizes(set)) return base::Fail(*error);
  auto segments =
      Gather<Segment>(set.segments, set.broken_segments,
                      in_force != nullptr ? &in_force->segments : nullptr, CheckSegment);
  auto flags = Gather<Flag>(set.flags, set.broken_flags,
                            in_force != nullptr ? &in_force->flags : nullptr, CheckFlag);
  if (auto error = FindTwice(segments, "segments")) return base::Fail(*error);
  if (auto error = FindTwice(flags, "flags")) return base::Fail(*error);

  KeyIndex<Segment> segment_index(segments);
  KeyIndex<Flag> flag_index(flags);
  RejectWrongReferences<Segment>(
      segments, "segment", true,
      [&](const Segment& segment) { return SegmentsOf(segment, segment_index); },
      [](const Segment&) { return std::nullopt; });
  const FlagReferences others(segment_index, flag_index);
  RejectWrongReferences<Flag>(
      flags, "flag", false, [&](const Flag& flag) { return PrerequisitesOf(flag, flag_index); },
      [&](const Flag& flag) { return others.Check(flag); });

  Compiled compiled;
  Report(segments, "segments", compiled, compiled.kept_segments);
  Report(flags, "flags", compiled, compiled.kept_flags);
  auto image = WriteImage(set, segments, flags, flag_index);
  if (!image) return base::Fail(image.error());
  compiled.image = std::move(*image);
  return compiled;
}

}  // namespace pennon::engine
