#include "wire/flag_definition.h"

#include "wire/condition_definition.h"
#include "wire/object_reader.h"
#include "wire/serve_definition.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;
using Found = std::optional<Error>;

Found ReadRule(const Value& value, const Path& path, model::Rule& rule) {
  ObjectReader reader(value, path);
  std::string name;
  reader.String("id", rule.id);
  reader.String("name", name);
  reader.Bool("enabled", rule.enabled);
  if (const Value* window = reader.Get("window")) {
    reader.Note(ReadWindow(*window, reader.PathOf("window"), rule.window.emplace()));
  }
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

Found ReadTarget(const Value& value, const Path& path, model::Target& target) {
  ObjectReader reader(value, path);
  reader.RequiredString("variant", target.variant);
  reader.String("attribute", target.attribute);
  reader.Values("values", target.values);
  return reader.Finish();
}

// Keys of variants, and null for none of them.
void ReadVariants(ObjectReader& reader, model::Prerequisite& prerequisite) {
  reader.Each("variants", [&](const Value& element, const Path& path) -> Found {
    if (const std::string* key = element.AsString()) {
      prerequisite.variants.push_back(*key);
    } else if (element.IsNull()) {
      prerequisite.no_variant = true;
    } else {
      return Error::Invalid(path.Text(), "is " + std::string(TypeName(element)) +
                                             ", expected a variant's key, or null for no variant");
    }
    return std::nullopt;
  });
}

Found ReadPrerequisite(const Value& value, const Path& path, model::Prerequisite& prerequisite) {
  ObjectReader reader(value, path);
  reader.RequiredString("flag", prerequisite.flag);
  ReadVariants(reader, prerequisite);
  reader.Bool("enabled", prerequisite.enabled);
  if (!reader.failed() && !prerequisite.enabled && reader.Has("variants") &&
      (!prerequisite.variants.empty() || prerequisite.no_variant)) {
    reader.Invalid("variants", "has no meaning together with enabled: false");
  }
  return reader.Finish();
}

void ReadMetadata(ObjectReader& reader, model::Object& metadata) {
  const Value* given = reader.Get("metadata");
  if (given == nullptr) return;
  const model::Object* object = given->AsObject();
  if (object == nullptr) {
    return reader.Invalid("metadata",
                          "is " + std::string(TypeName(*given)) + ", expected an object");
  }
  metadata = *object;
}

Found ReadVariant(const Value& value, const Path& path, model::Variant& variant) {
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
  ReadMetadata(reader, variant.metadata);
  return reader.Finish();
}

Found ReadKill(const Value& value, const Path& path, model::Flag& flag) {
  ObjectReader reader(value, path);
  std::string text;
  flag.killed = true;
  reader.Bool("active", flag.killed);
  if (reader.Has("expiresAt")) reader.Instant("expiresAt", flag.kill_expires.emplace());
  reader.Get("expiresAt");  // known, also when null
  reader.String("reason", text);
  reader.String("by", text);
  reader.String("at", text);
  return reader.Finish();
}

// For people and the store; evaluation does not depend on it.
void ReadLifecycle(ObjectReader& reader) {
  std::string lifecycle = "active";
  reader.String("lifecycle", lifecycle);
  if (lifecycle != "active" && lifecycle != "deprecated" && lifecycle != "archived") {
    reader.Invalid("lifecycle",
                   "is \"" + lifecycle + "\", expected active, deprecated or archived");
  }
  std::int64_t removal = 0;
  if (reader.Has("expectedRemoval")) reader.Instant("expectedRemoval", removal);
  reader.Get("expectedRemoval");  // known, also when null
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
  ReadLifecycle(reader);
  reader.Bool("clientSide", flag.client_side);
  reader.Each("variants", flag.variants, ReadVariant);
  if (const Value* schema = reader.Get("schema")) flag.schema = *schema;
  ReadMetadata(reader, flag.metadata);
}

void ReadConfiguration(ObjectReader& reader, model::Flag& flag) {
  reader.Bool("enabled", flag.enabled);
  if (const Value* kill = reader.Get("kill")) {
    reader.Note(ReadKill(*kill, reader.PathOf("kill"), flag));
  }
  if (reader.Has("offVariant")) reader.String("offVariant", flag.off_variant.emplace());
  reader.Get("offVariant");
  reader.Each("prerequisites", flag.prerequisites, ReadPrerequisite);
  reader.Each("targets", flag.targets, ReadTarget);
  reader.Each("rules", flag.rules, ReadRule);
  if (const Value* fallthrough = reader.Get("default")) {
    reader.Note(ReadServe(*fallthrough, reader.PathOf("default"), flag.fallthrough.emplace()));
  }
  reader.String("salt", flag.salt);
}

}  // namespace

base::Result<std::shared_ptr<const model::Flag>> ReadFlag(std::string_view key,
                                                          const Value& definition) {
  auto flag = std::make_shared<model::Flag>();
  flag->key = key;
  ObjectReader reader(definition, "");
  ReadIdentity(reader, *flag);
  ReadConfiguration(reader, *flag);
  if (auto error = reader.Finish({"kind", "key"})) return Fail(*error);
  return flag;
}

base::Result<std::shared_ptr<const model::Segment>> ReadSegment(std::string_view key,
                                                                const Value& definition) {
  auto segment = std::make_shared<model::Segment>();
  segment->key = key;
  ObjectReader reader(definition, "");
  std::string text;
  reader.String("name", text);
  reader.String("description", text);
  reader.String("attribute", segment->attribute);
  reader.Values("included", segment->included);
  reader.Values("excluded", segment->excluded);
  if (const Value* when = reader.Get("when")) {
    reader.Note(ReadCondition(*when, reader.PathOf("when"), segment->when.emplace()));
  }
  if (auto error = reader.Finish({"kind", "key"})) return Fail(*error);
  return segment;
}

}  // namespace pennon::wire
