#include "wire/serve_definition.h"

#include <cmath>

#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Error;
using model::Value;
using Found = std::optional<Error>;

constexpr std::uint64_t kMaxWeight = 2'147'483'647;

void ReadBucketing(ObjectReader& reader, model::Bucketing& bucketing) {
  reader.OneOrMore("bucketBy", bucketing.attributes);
  reader.String("salt", bucketing.salt);
  std::string algo = "native";
  reader.String("algo", algo);
  if (algo == "unleash") {
    bucketing.algorithm = model::Algorithm::kUnleash;
  } else if (algo != "native") {
    reader.Invalid("algo", "\"" + algo + "\" is not an algorithm that this version knows");
  }
}

// A percentage with up to three decimals, as a number of 100000.
void ReadPercent(ObjectReader& reader, std::string_view member, std::uint32_t& out) {
  const Value* percent = reader.Get(member);
  if (percent == nullptr) {
    reader.Invalid(member, "is missing, expected a number from 0 to 100");
    return;
  }
  const double given = percent->AsInt() != nullptr      ? static_cast<double>(*percent->AsInt())
                       : percent->AsDouble() != nullptr ? *percent->AsDouble()
                                                        : -1;
  const double scaled = given * 1000;
  if (given < 0 || given > 100 || std::abs(scaled - std::round(scaled)) > 1e-6) {
    reader.Invalid(member, "expected a number from 0 to 100 with at most three decimals");
    return;
  }
  out = static_cast<std::uint32_t>(std::lround(scaled));
}

void ReadShare(ObjectReader& reader, std::string_view member, std::uint32_t& out) {
  std::uint64_t share = 0;
  if (!reader.failed() && !reader.Has(member)) {
    reader.Invalid(member, "is missing, expected a whole number");
  }
  reader.Unsigned(member, kMaxWeight, share);
  out = static_cast<std::uint32_t>(share);
}

Found ReadWeight(const Value& value, const Path& path, model::Weight& weight) {
  ObjectReader reader(value, path);
  reader.RequiredString("variant", weight.variant);
  ReadShare(reader, "weight", weight.weight);
  return reader.Finish();
}

Found ReadRamp(const Value& value, const Path& path, model::Ramp& ramp) {
  ObjectReader reader(value, path);
  reader.RequiredString("variant", ramp.variant);
  reader.RequiredInstant("from", ramp.from);
  reader.RequiredInstant("to", ramp.to);
  ReadShare(reader, "startWeight", ramp.start_weight);
  ReadShare(reader, "endWeight", ramp.end_weight);
  if (!reader.failed() && ramp.to <= ramp.from) reader.Invalid("to", "is not after from");
  return reader.Finish();
}

// "skip", "error", "random" or {"variant": …}.
void ReadOnMissing(ObjectReader& reader, model::Split& split) {
  const Value* given = reader.Get("onMissing");
  if (given == nullptr) return;
  const std::string* text = given->AsString();
  if (given->AsObject() != nullptr) {
    split.on_missing = model::OnMissing::kVariant;
    ObjectReader inner(*given, reader.PathOf("onMissing"));
    inner.RequiredString("variant", split.missing_variant);
    reader.Note(inner.Finish());
  } else if (text != nullptr && *text == "error") {
    split.on_missing = model::OnMissing::kError;
  } else if (text != nullptr && *text == "random") {
    split.on_missing = model::OnMissing::kRandom;
  } else if (text == nullptr || *text != "skip") {
    reader.Invalid("onMissing", "expected \"skip\", \"error\", \"random\" or {\"variant\": …}");
  }
}

Found ReadSplit(const Value& value, const Path& path, model::Split& split) {
  ObjectReader reader(value, path);
  ReadBucketing(reader, split.bucketing);
  reader.Each("weights", split.weights, ReadWeight);
  if (const Value* ramp = reader.Get("ramp")) {
    reader.Note(ReadRamp(*ramp, reader.PathOf("ramp"), split.ramp.emplace()));
  }
  ReadOnMissing(reader, split);
  return reader.Finish();
}

void ReadLogic(ObjectReader& reader, const Value& rule, model::ServeLogic& logic) {
  constexpr std::uint64_t kLastGeneration = 3;
  std::uint64_t fractional = 2;
  reader.Unsigned("fractional", kLastGeneration, fractional);
  if (fractional == 0) reader.Invalid("fractional", "is 0, expected 1, 2 or 3");
  logic.rule = rule;
  logic.fractional = static_cast<int>(fractional);
}

}  // namespace

Found ReadGate(const Value& value, const Path& path, model::Gate& gate) {
  ObjectReader reader(value, path);
  ReadBucketing(reader, gate.bucketing);
  reader.String("layer", gate.layer);
  std::string on_missing = "skip";
  reader.String("onMissing", on_missing);
  if (on_missing == "random") {
    gate.on_missing = model::OnMissing::kRandom;
  } else if (on_missing != "skip") {
    reader.Invalid("onMissing", "expected \"skip\" or \"random\"");
  }
  if (!reader.Has("layer")) {
    ReadPercent(reader, "percent", gate.to);
    return reader.Finish();
  }
  reader.Get("percent");  // known, also when null
  if (reader.Has("percent")) {
    reader.Invalid("percent", "has no meaning together with layer; give from and to");
  }
  if (reader.Has("salt")) reader.Invalid("salt", "has no meaning together with layer");
  ReadPercent(reader, "from", gate.from);
  ReadPercent(reader, "to", gate.to);
  if (!reader.failed() && gate.to < gate.from) reader.Invalid("to", "is less than from");
  return reader.Finish();
}

Found ReadServe(const Value& value, const Path& path, model::Serve& serve) {
  ObjectReader reader(value, path);
  // `null` is a rule as well.
  const bool has_logic = value.Find("jsonlogic") != nullptr;
  const int given = reader.Has("variant") + reader.Has("split") + reader.Has("off") +
                    reader.Has("codeDefault") + has_logic;
  if (!reader.failed() && given != 1) {
    reader.Invalid("", "expected exactly one of variant, split, jsonlogic, off, codeDefault");
  }
  if (const Value* split = reader.Get("split")) {
    reader.Note(ReadSplit(*split, reader.PathOf("split"), serve.emplace<model::Split>()));
  } else if (has_logic) {
    ReadLogic(reader, *value.Find("jsonlogic"), serve.emplace<model::ServeLogic>());
  } else if (reader.Has("variant")) {
    reader.String("variant", serve.emplace<model::ServeVariant>().variant);
  } else {
    bool off = false;
    bool code_default = false;
    reader.Bool("off", off);
    reader.Bool("codeDefault", code_default);
    if (!reader.failed() && !off && !code_default) {
      reader.Invalid(reader.Has("off") ? "off" : "codeDefault", "is false, expected true");
    }
    if (off) {
      serve.emplace<model::ServeOff>();
    } else {
      serve.emplace<model::ServeCodeDefault>();
    }
  }
  return reader.Finish({"variant", "off", "codeDefault", "jsonlogic"});
}

}  // namespace pennon::wire
