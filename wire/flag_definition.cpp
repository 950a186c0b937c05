#include "wire/flag_definition.h"

#include <cmath>

#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Condition;
using model::Value;
using Found = std::optional<Error>;

constexpr std::uint64_t kMaxWeight = 2'147'483'647;

Found ReadCondition(const Value& value, const std::string& path, Condition& out);

Found ReadParts(ObjectReader& reader, std::string_view member, std::vector<Condition>& parts) {
  reader.Each(member, [&](const Value& element, const std::string& path) {
    return ReadCondition(element, path, parts.emplace_back());
  });
  return reader.Finish();
}

Found ReadLeaf(ObjectReader& reader, Condition& out) {
  model::LeafCondition leaf;
  std::string op;
  reader.RequiredString("attr", leaf.attribute);
  reader.RequiredString("op", op);
  reader.Values("values", leaf.values);
  reader.Bool("ignoreCase", leaf.ignore_case);
  reader.Bool("lenient", leaf.lenient);
  reader.Bool("negate", leaf.negate);
  reader.Bool("onMissing", leaf.on_missing);
  if (!reader.failed()) {
    const auto known = model::ParseOperator(op);
    if (!known) reader.Invalid("op", "\"" + op + "\" is not an operator that this version knows");
    leaf.op = known.value_or(model::Operator::kIn);
  }
  out.node = std::move(leaf);
  return reader.Finish();
}

// Recursive: the depth of the JSON itself is bounded by wire/json.h.
Found ReadCondition(const Value& value, const std::string& path, Condition& out) {
  ObjectReader reader(value, path);
  if (reader.Has("all")) {
    return ReadParts(reader, "all", out.node.emplace<model::AllCondition>().parts);
  }
  if (reader.Has("any")) {
    return ReadParts(reader, "any", out.node.emplace<model::AnyCondition>().parts);
  }
  if (reader.Has("not")) {
    auto& parts = out.node.emplace<model::NotCondition>().part;
    reader.Note(ReadCondition(*reader.Get("not"), reader.PathOf("not"), parts.emplace_back()));
    return reader.Finish();
  }
  if (reader.Has("segment")) {
    reader.String("segment", out.node.emplace<model::SegmentCondition>().segment);
    return reader.Finish();
  }
  return ReadLeaf(reader, out);
}

void ReadBucketing(ObjectReader& reader, model::Bucketing& bucketing) {
  const Value* by = reader.Get("bucketBy");
  if (by != nullptr && by->AsString() != nullptr) {
    bucketing.attributes = {*by->AsString()};
  } else if (by != nullptr) {
    reader.Strings("bucketBy", bucketing.attributes);
  }
  reader.String("salt", bucketing.salt);
  std::string algo = "native";
  reader.String("algo", algo);
  if (algo != "native") {
    reader.Invalid("algo", "\"" + algo + "\" is not an algorithm that this version knows");
  }
}

Found ReadGate(const Value& value, const std::string& path, model::Gate& gate) {
  ObjectReader reader(value, path);
  ReadBucketing(reader, gate.bucketing);
  const Value* percent = reader.Get("percent");
  if (percent == nullptr) {
    reader.Invalid("percent", "is missing, expected a number from 0 to 100");
  } else {
    const double given = percent->AsInt() != nullptr      ? static_cast<double>(*percent->AsInt())
                         : percent->AsDouble() != nullptr ? *percent->AsDouble()
                                                          : -1;
    const double scaled = given * 1000;
    if (given < 0 || given > 100 || std::abs(scaled - std::round(scaled)) > 1e-6) {
      reader.Invalid("percent", "expected a number from 0 to 100 with at most three decimals");
    } else {
      gate.per_100000 = static_cast<std::uint32_t>(std::lround(scaled));
    }
  }
  return reader.Finish();
}

Found ReadWeight(const Value& value, const std::string& path, model::Weight& weight) {
  ObjectReader reader(value, path);
  std::uint64_t share = 0;
  reader.RequiredString("variant", weight.variant);
  if (!reader.failed() && !reader.Has("weight")) {
    reader.Invalid("weight", "is missing, expected a whole number");
  }
  reader.Unsigned("weight", kMaxWeight, share);
  weight.weight = static_cast<std::uint32_t>(share);
  return reader.Finish();
}

Found ReadSplit(const Value& value, const std::string& path, model::Split& split) {
  ObjectReader reader(value, path);
  ReadBucketing(reader, split.bucketing);
  reader.Each("weights", [&](const Value& element, const std::string& at) {
    return ReadWeight(element, at, split.weights.emplace_back());
  });
  std::string on_missing = "skip";
  reader.String("onMissing", on_missing);
  if (on_missing != "skip" && on_missing != "error") {
    reader.Invalid("onMissing", "is \"" + on_missing + "\", expected skip or error");
  }
  if (on_missing == "error") split.on_missing = model::OnMissing::kError;
  return reader.Finish();
}

Found ReadServe(const Value& value, const std::string& path, model::Serve& serve) {
  ObjectReader reader(value, path);
  const int given =
      reader.Has("variant") + reader.Has("split") + reader.Has("off") + reader.Has("codeDefault");
  if (!reader.failed() && given != 1) {
    reader.Invalid("", "expected exactly one of variant, split, off, codeDefault");
  }
  if (const Value* split = reader.Get("split")) {
    reader.Note(ReadSplit(*split, reader.PathOf("split"), serve.emplace<model::Split>()));
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
  return reader.Finish({"variant", "off", "codeDefault"});
}

Found ReadRule(const Value& value, const std::string& path, model::Rule& rule) {
  ObjectReader reader(value, path);
  std::string name;
  reader.String("id", rule.id);
  reader.String("name", name);
  reader.Bool("enabled", rule.enabled);
  if (const Value* when = reader.Get("when")) {
    reader.Note(ReadCondition(*when, reader.PathOf("when"), rule.when.emplace()));
  }
  if (const Value* gate = reader.Get("gate")) {
    reader.Note(ReadGate(*gate, reader.PathOf("gate"), rule.gate.emplace()));
  }
  if (const Value* serve = reader.Get("serve")) {
    reader.Note(ReadServe(*serve, reader.PathOf("serve"), rule.serve));
  } else {
    reader.Invalid("serve", "is missing");
  }
  return reader.Finish();
}

Found ReadTarget(const Value& value, const std::string& path, model::Target& target) {
  ObjectReader reader(value, path);
  reader.RequiredString("variant", target.variant);
  reader.String("attribute", target.attribute);
  reader.Values("values", target.values);
  return reader.Finish();
}

Found ReadPrerequisite(const Value& value, const std::string& path,
                       model::Prerequisite& prerequisite) {
  ObjectReader reader(value, path);
  reader.RequiredString("flag", prerequisite.flag);
  reader.Strings("variants", prerequisite.variants);
  reader.Bool("enabled", prerequisite.enabled);
  if (!reader.failed() && !prerequisite.enabled && !prerequisite.variants.empty()) {
    reader.Invalid("variants", "has no meaning together with enabled: false");
  }
  return reader.Finish();
}

Found ReadVariant(const Value& value, const std::string& path, model::Variant& variant) {
  ObjectReader reader(value, path);
  std::string text;
  reader.RequiredString("key", variant.key);
  reader.String("name", text);
  reader.String("description", text);
  if (const Value* given = reader.Get("value")) {
    variant.value = *given;
  } else {
    reader.Invalid("value", "is missing");
  }
  return reader.Finish();
}

Found ReadKill(const Value& value, const std::string& path, bool& killed) {
  ObjectReader reader(value, path);
  std::string text;
  killed = true;
  reader.Bool("active", killed);
  reader.String("reason", text);
  reader.String("by", text);
  reader.String("at", text);
  return reader.Finish();
}

void ReadIdentity(ObjectReader& reader, model::Flag& flag) {
  std::string type;
  std::string text;
  std::vector<std::string> tags;
  reader.RequiredString("type", type);
  if (!reader.failed()) {
    const auto known = model::ParseValueType(type);
    if (!known) {
      reader.Invalid("type",
                     "is \"" + type + "\", expected boolean, string, integer, number or object");
    }
    flag.type = known.value_or(model::ValueType::kBoolean);
  }
  reader.String("name", text);
  reader.String("description", text);
  reader.String("owner", text);
  reader.Strings("tags", tags);
  reader.Each("variants", [&](const Value& element, const std::string& path) {
    return ReadVariant(element, path, flag.variants.emplace_back());
  });
  if (const Value* metadata = reader.Get("metadata")) {
    if (const model::Object* object = metadata->AsObject()) {
      flag.metadata = *object;
    } else {
      reader.Invalid("metadata", "is " + std::string(TypeName(*metadata)) + ", expected an object");
    }
  }
}

void ReadConfiguration(ObjectReader& reader, model::Flag& flag) {
  reader.Bool("enabled", flag.enabled);
  if (const Value* kill = reader.Get("kill")) {
    reader.Note(ReadKill(*kill, reader.PathOf("kill"), flag.killed));
  }
  if (reader.Has("offVariant")) reader.String("offVariant", flag.off_variant.emplace());
  reader.Get("offVariant");
  reader.Each("prerequisites", [&](const Value& element, const std::string& path) {
    return ReadPrerequisite(element, path, flag.prerequisites.emplace_back());
  });
  reader.Each("targets", [&](const Value& element, const std::string& path) {
    return ReadTarget(element, path, flag.targets.emplace_back());
  });
  reader.Each("rules", [&](const Value& element, const std::string& path) {
    return ReadRule(element, path, flag.rules.emplace_back());
  });
  if (const Value* fallthrough = reader.Get("default")) {
    reader.Note(ReadServe(*fallthrough, reader.PathOf("default"), flag.fallthrough.emplace()));
  }
  reader.String("salt", flag.salt);
}

}  // namespace

base::Result<model::Flag> ReadFlag(std::string_view key, const Value& definition) {
  model::Flag flag;
  flag.key = key;
  ObjectReader reader(definition, "");
  ReadIdentity(reader, flag);
  ReadConfiguration(reader, flag);
  if (auto error = reader.Finish({"kind", "key"})) return Fail(*error);
  return flag;
}

base::Result<model::Segment> ReadSegment(std::string_view key, const Value& definition) {
  model::Segment segment;
  segment.key = key;
  ObjectReader reader(definition, "");
  std::string text;
  reader.String("name", text);
  reader.String("description", text);
  reader.String("attribute", segment.attribute);
  reader.Values("included", segment.included);
  reader.Values("excluded", segment.excluded);
  if (const Value* when = reader.Get("when")) {
    reader.Note(ReadCondition(*when, reader.PathOf("when"), segment.when.emplace()));
  }
  if (auto error = reader.Finish({"kind", "key"})) return Fail(*error);
  return segment;
}

}  // namespace pennon::wire
