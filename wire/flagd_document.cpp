#include "wire/flagd_document.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "wire/flagd_evaluators.h"
#include "wire/flagd_targeting_check.h"
#include "wire/limits.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Object;
using model::Severity;
using model::Value;

constexpr std::string_view kDefaultEnvironment = "default";
constexpr int kUsualFractional = 2;

std::string Expected(const Value& found, std::string_view what) {
  return "is " + std::string(TypeName(found)) + ", expected " + std::string(what);
}

// The native type of values that all have it; none when they differ.
std::optional<std::string_view> TypeOf(const Object& variants) {
  const auto all = [&](auto&& has_type) {
    return std::all_of(variants.begin(), variants.end(),
                       [&](const auto& variant) { return has_type(variant.second); });
  };
  const auto is_whole = [](const Value& value) { return value.AsInt() != nullptr; };
  const auto is_number = [&](const Value& value) {
    return is_whole(value) || value.AsDouble() != nullptr;
  };
  if (all([](const Value& value) { return value.AsBool() != nullptr; })) return "boolean";
  if (all([](const Value& value) { return value.AsString() != nullptr; })) return "string";
  if (all(is_whole)) return "integer";
  if (all(is_number)) return "number";
  const auto is_object = [](const Value& value) {
    return value.AsObject() != nullptr || value.AsArray() != nullptr;
  };
  if (all(is_object)) return "object";
  return std::nullopt;
}

class Translator {
 public:
  Translator(const Value& document, const DocumentOptions& options,
             std::vector<model::Diagnostic>& diagnostics)
      : document_(document),
        options_(options),
        diagnostics_(diagnostics),
        evaluators_(document.Find("$evaluators")) {}

  base::Result<Value> Translate() {
    const Value* flags = document_.Find("flags");
    if (flags == nullptr) return Fail(Error::Invalid("flags", "is missing"));
    CheckEvaluators();
    if (const Value* metadata = document_.Find("metadata")) {
      Metadata(*metadata, "metadata", set_metadata_);
    }
    if (auto few = CheckRepeated(*flags); !few) return Fail(few.error());
    if (const auto* object = flags->AsObject()) {
      for (const auto& [key, flag] : *object) Flag(key, flag, "flags." + key);
    } else if (const auto* array = flags->AsArray()) {
      for (std::size_t i = 0; i < array->size(); ++i) {
        Element((*array)[i], "flags[" + std::to_string(i) + ']');
      }
    } else {
      return Fail(Error::Invalid("flags", Expected(*flags, "an object or an array")));
    }
    if (refusal_) return Fail(*refusal_);
    const std::string environment =
        options_.environment.empty() ? std::string(kDefaultEnvironment) : options_.environment;
    return Value(Object{{"environment", environment}, {"flags", std::move(flags_)}});
  }

 private:
  void Note(Severity severity, Error error) {
    diagnostics_.push_back({severity, key_, std::move(error)});
  }
  void Warn(const std::string& place, std::string_view what) {
    Note(Severity::kWarning, Error::Invalid(place, what));
  }
  void Refuse(Error error) {
    if (!refusal_) refusal_ = std::move(error);
  }

  // Or a small document would become one that no memory holds.
  [[nodiscard]] base::Result<void> CheckRepeated(const Value& flags) const {
    const std::size_t count = flags.AsObject() != nullptr  ? flags.AsObject()->size()
                              : flags.AsArray() != nullptr ? flags.AsArray()->size()
                                                           : 0;
    std::string text;
    AppendJson(text, Value(set_metadata_));
    if (count == 0 || text.size() <= kMaxRepeatedBytes / count) return {};
    return Fail(Error::Limit("metadata", "has " + std::to_string(text.size()) +
                                             " bytes for each of " + std::to_string(count) +
                                             " flags, more than " +
                                             std::to_string(kMaxRepeatedBytes) + " in all"));
  }

  void CheckEvaluators() {
    const Value* evaluators = document_.Find("$evaluators");
    if (evaluators == nullptr) return;
    const auto* object = evaluators->AsObject();
    if (object == nullptr) return Warn("$evaluators", Expected(*evaluators, "an object"));
    for (const auto& [name, rule] : *object) CheckTargeting(rule, "$evaluators." + name);
  }
  bool CheckTargeting(const Value& rule, const std::string& place) {
    std::vector<Error> errors;
    const bool all_known = CheckFlagdTargeting(rule, place, errors);
    for (Error& error : errors) Note(Severity::kWarning, std::move(error));
    return all_known;
  }

  // One of an array of flags: with its key inside.
  void Element(const Value& flag, const std::string& place) {
    const Value* key = flag.Find("key");
    if (key == nullptr || key->AsString() == nullptr) {
      return Refuse(Error::Invalid(place + ".key", "is missing, expected the flag's key"));
    }
    if (!keys_.insert(*key->AsString()).second) {
      return Refuse(
          Error::Invalid(place + ".key",
                         "\"" + *key->AsString() +
                             "\" is given twice; flags of several flag sets need a file for each"));
    }
    Flag(*key->AsString(), flag, place);
  }

  void Flag(const std::string& key, const Value& flag, const std::string& place) {
    key_ = key;
    auto native = NativeFlag(flag, place);
    if (!native) Note(Severity::kError, native.error());
    flags_.emplace_back(key, native ? std::move(*native) : Value());
    key_.clear();
  }

  base::Result<Value> NativeFlag(const Value& flag, const std::string& place) {
    if (flag.AsObject() == nullptr) {
      return Fail(Error::Invalid(place, Expected(flag, "an object")));
    }
    const Value* variants = flag.Find("variants");
    if (variants == nullptr || variants->AsObject() == nullptr) {
      return Fail(Error::Invalid(place + ".variants", variants == nullptr
                                                          ? "is missing, expected an object"
                                                          : Expected(*variants, "an object")));
    }
    auto fallthrough = DefaultVariant(flag, *variants->AsObject(), place);
    if (!fallthrough) return Fail(fallthrough.error());
    const auto type = TypeOf(*variants->AsObject());
    if (variants->AsObject()->empty() || !type) {
      return Fail(Error::Invalid(place + ".variants", !type ? "are not all of one type"
                                                            : "is empty, expected at least one"));
    }
    const Value* state = flag.Find("state");
    const std::string* state_name = state == nullptr ? nullptr : state->AsString();
    if (state_name == nullptr || (*state_name != "ENABLED" && *state_name != "DISABLED")) {
      return Fail(Error::Invalid(place + ".state", "expected \"ENABLED\" or \"DISABLED\""));
    }
    const bool enabled = *state_name == "ENABLED";
    Object native{{"type", std::string(*type)},
                  {"variants", Variants(*variants->AsObject(), place)},
                  {"enabled", enabled}};
    if (auto error = Targeting(flag, place, enabled, native)) return Fail(*error);
    if (*fallthrough) native.emplace_back("default", Object{{"variant", **fallthrough}});
    Object metadata = set_metadata_;
    if (const Value* own = flag.Find("metadata")) Metadata(*own, place + ".metadata", metadata);
    if (!metadata.empty()) native.emplace_back("metadata", std::move(metadata));
    return Value(std::move(native));
  }

  Value Variants(const Object& variants, const std::string& place) {
    model::Array native;
    for (const auto& [key, value] : variants) {
      if (value.AsArray() != nullptr) {
        Warn(place + ".variants." + key, "is an array, flagd's schema wants objects");
      }
      native.emplace_back(Object{{"key", key}, {"value", value}});
    }
    return native;
  }

  // None when the caller's default is meant.
  base::Result<std::optional<std::string>> DefaultVariant(const Value& flag, const Object& variants,
                                                          const std::string& place) {
    const Value* given = flag.Find("defaultVariant");
    if (given == nullptr || given->IsNull()) return std::nullopt;
    const std::string* name = given->AsString();
    const std::string at = place + ".defaultVariant";
    if (name == nullptr) return Fail(Error::Invalid(at, Expected(*given, "a string or null")));
    if (name->empty()) return std::nullopt;
    if (std::none_of(variants.begin(), variants.end(),
                     [&](const auto& variant) { return variant.first == *name; })) {
      Refuse(Error::Invalid(at, "there is no variant \"" + *name + '"'));
    }
    return *name;
  }

  std::optional<Error> Targeting(const Value& flag, const std::string& place, bool enabled,
                                 Object& native) {
    const Value* targeting = flag.Find("targeting");
    const std::string at = place + ".targeting";
    const auto* object = targeting == nullptr ? nullptr : targeting->AsObject();
    if (targeting == nullptr || targeting->IsNull() || (object != nullptr && object->empty())) {
      return std::nullopt;
    }
    const bool all_known = CheckTargeting(*targeting, at);
    // A disabled flag's targeting is never looked at, and may not break it.
    if (!enabled && !all_known) {
      Warn(at, "has an operator that is not known");
      return std::nullopt;
    }
    auto rule = evaluators_.Resolve(*targeting);
    if (!rule) return Error::Limit(at, "$evaluators make the document too large");
    Object serve{{"jsonlogic", std::move(*rule)}};
    if (options_.fractional != kUsualFractional) {
      serve.emplace_back("fractional", options_.fractional);
    }
    native.emplace_back("rules",
                        model::Array{Object{{"id", "targeting"}, {"serve", std::move(serve)}}});
    return std::nullopt;
  }

  // Lays metadata over those there are; null counts as not given.
  void Metadata(const Value& given, const std::string& place, Object& metadata) {
    const auto* object = given.AsObject();
    if (object == nullptr) return Warn(place, Expected(given, "an object"));
    for (const auto& [name, value] : *object) {
      if (value.IsNull()) continue;
      if (value.AsObject() != nullptr || value.AsArray() != nullptr) {
        Warn(place + '.' + name, Expected(value, "a string, a number or a boolean"));
      } else if (name.starts_with("pennon.")) {
        Warn(place + '.' + name, "is left out: names that begin with \"pennon.\" are pennon's own");
      } else {
        // Named again, because clang lets no lambda have a part of a binding.
        std::erase_if(metadata, [&key = name](const auto& member) { return member.first == key; });
        metadata.emplace_back(name, value);
      }
    }
  }

  const Value& document_;
  const DocumentOptions& options_;
  std::vector<model::Diagnostic>& diagnostics_;
  FlagdEvaluators evaluators_;
  Object set_metadata_;
  Object flags_;
  std::set<std::string_view> keys_;  // of an array of flags
  std::string key_;                  // of the flag being read
  std::optional<Error> refusal_;
};

}  // namespace

base::Result<Value> FlagdToNative(const Value& document, const DocumentOptions& options,
                                  std::vector<model::Diagnostic>& diagnostics) {
  if (document.AsObject() == nullptr) {
    return Fail(Error::Invalid("", Expected(document, "an object")));
  }
  return Translator(document, options, diagnostics).Translate();
}

std::string FlagdPath(std::string_view native_path) {
  constexpr std::string_view kNative = ".rules[0].serve.jsonlogic";
  std::string path(native_path);
  const std::size_t at = path.find(kNative);
  if (at != std::string::npos) path.replace(at, kNative.size(), ".targeting");
  return path;
}

}  // namespace pennon::wire
