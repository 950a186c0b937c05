#include "wire/unleash_document.h"

#include <algorithm>
#include <map>
#include <string>

#include "wire/object_reader.h"
#include "wire/unleash_constraint.h"
#include "wire/unleash_feature.h"
#include "wire/unleash_strategy.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Array;
using model::Diagnostic;
using model::Object;
using model::Severity;
using model::Value;

// What a body says, by name; the last one counts. Borrows the body.
struct Definitions {
  std::map<std::string, const Value*> features;
  std::map<std::int64_t, const Value*> segments;
};

std::optional<Error> AddFeature(const Value& feature, const Path& path, Definitions& all) {
  const Value* name = feature.Find("name");
  if (name == nullptr || name->AsString() == nullptr) {
    return Error::Invalid(path.Member("name").Text(), "is missing, expected a string");
  }
  all.features[*name->AsString()] = &feature;
  return std::nullopt;
}

std::optional<Error> AddSegment(const Value& segment, const Path& path, Definitions& all) {
  const Value* id = segment.Find("id");
  if (id == nullptr || id->AsInt() == nullptr) {
    return Error::Invalid(path.Member("id").Text(), "is missing, expected a whole number");
  }
  all.segments[*id->AsInt()] = &segment;
  return std::nullopt;
}

// A definition that has no name is left out; it takes nothing else with it.
void Warn(std::optional<Error> error, std::vector<Diagnostic>& diagnostics) {
  if (error) diagnostics.push_back({Severity::kWarning, "", *error});
}

void AddLists(ObjectReader& reader, Definitions& all, std::vector<Diagnostic>& diagnostics) {
  reader.Each("features", [&](const Value& element, const Path& path) -> std::optional<Error> {
    Warn(AddFeature(element, path, all), diagnostics);
    return std::nullopt;
  });
  reader.Each("segments", [&](const Value& element, const Path& path) -> std::optional<Error> {
    Warn(AddSegment(element, path, all), diagnostics);
    return std::nullopt;
  });
}

// An event of a kind that is not known, or that cannot be read, changes nothing.
void Apply(const Value& event, const Path& path, Definitions& all,
           std::vector<Diagnostic>& diagnostics) {
  ObjectReader reader(event, path);
  std::string type;
  reader.RequiredString("type", type);
  if (type == "hydration") {
    all = Definitions();
    AddLists(reader, all, diagnostics);
  } else if (const Value* feature = reader.Get("feature"); type == "feature-updated" && feature) {
    reader.Note(AddFeature(*feature, reader.PathOf("feature"), all));
  } else if (const Value* segment = reader.Get("segment"); type == "segment-updated" && segment) {
    reader.Note(AddSegment(*segment, reader.PathOf("segment"), all));
  } else if (type == "feature-removed") {
    std::string name;
    reader.RequiredString("featureName", name);
    all.features.erase(name);
  } else if (type == "segment-removed") {
    std::uint64_t id = 0;
    reader.Unsigned("segmentId", INT64_MAX, id);
    all.segments.erase(static_cast<std::int64_t>(id));
  }
  Warn(reader.error(), diagnostics);
}

std::int64_t EventId(const Value& event) {
  const Value* id = event.Find("eventId");
  return id != nullptr && id->AsInt() != nullptr ? *id->AsInt() : 0;
}

Result<Definitions> ReadBody(const Value& body, std::vector<Diagnostic>& diagnostics) {
  Definitions all;
  ObjectReader reader(body, "");
  const Value* events = reader.Get("events");
  if (events == nullptr || events->AsArray() == nullptr) {
    if (!reader.failed() && !reader.Has("features")) {
      reader.Invalid("features", "is missing, expected an array of features");
    }
    AddLists(reader, all, diagnostics);
    if (reader.failed()) return Fail(*reader.error());
    return all;
  }
  std::vector<const Value*> ordered;
  for (const Value& event : *events->AsArray()) ordered.push_back(&event);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Value* a, const Value* b) { return EventId(*a) < EventId(*b); });
  const Path list("events");
  for (const Value* event : ordered) {
    const auto place = static_cast<std::size_t>(event - events->AsArray()->data());
    Apply(*event, list.Element(place), all, diagnostics);
  }
  return all;
}

// A segment that cannot be read has nobody in it, whatever refers to it.
UnleashSegments ReadSegments(const Definitions& all, std::vector<Diagnostic>& diagnostics) {
  UnleashSegments segments;
  for (const auto& [id, segment] : all.segments) {
    std::vector<Value> conditions;
    const std::string place = "segments.unleash-" + std::to_string(id);
    ObjectReader reader(*segment, place);
    reader.Each("constraints", [&](const Value& element, const Path& path) -> std::optional<Error> {
      auto condition = UnleashConstraint(element);
      if (!condition) return condition.error().Within(path.Text());
      conditions.push_back(std::move(*condition));
      return std::nullopt;
    });
    if (reader.failed()) {
      diagnostics.push_back({Severity::kWarning, "unleash-" + std::to_string(id), *reader.error()});
      segments[id] = std::nullopt;
    } else {
      segments[id] = std::move(conditions);
    }
  }
  return segments;
}

Object NativeSegments(const Definitions& all, const UnleashSegments& segments) {
  Object native;
  for (const auto& [id, definition] : all.segments) {
    const auto& conditions = segments.at(id);
    if (!conditions || conditions->empty()) continue;
    Object segment;
    if (const Value* name = definition->Find("name"); name != nullptr && name->AsString()) {
      segment.emplace_back("name", *name);
    }
    segment.emplace_back("when", Object{{"all", Array(*conditions)}});
    native.emplace_back("unleash-" + std::to_string(id), std::move(segment));
  }
  return native;
}

}  // namespace

Result<Value> UnleashToNative(const Value& body, const DocumentOptions& options,
                              std::vector<Diagnostic>& diagnostics) {
  const auto all = ReadBody(body, diagnostics);
  if (!all) return Fail(all.error());
  const UnleashSegments segments = ReadSegments(*all, diagnostics);
  UnleashFeatures features;
  for (const auto& [name, feature] : all->features) {
    features.emplace(name, ReadUnleashFeature(name, *feature, segments, diagnostics));
  }
  Object flags;
  for (const auto& [name, feature] : features) {
    if (!feature) {
      diagnostics.push_back({Severity::kError, name, feature.error().Within("flags." + name)});
    }
    flags.emplace_back(name, feature ? NativeFlag(*feature, features) : Value());
  }
  return Object{{"environment", options.environment},
                {"flags", std::move(flags)},
                {"segments", NativeSegments(*all, segments)}};
}

}  // namespace pennon::wire
