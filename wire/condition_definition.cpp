#include "wire/condition_definition.h"

#include <iterator>

#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Error;
using model::Condition;
using model::Value;
using Found = std::optional<Error>;

Found ReadParts(ObjectReader& reader, std::string_view member, std::vector<Condition>& parts) {
  reader.Each(member, parts, ReadCondition);
  return reader.Finish();
}

// A name, or several of which the first counts that the context has.
void ReadAttribute(ObjectReader& reader, model::LeafCondition& leaf) {
  std::vector<std::string> names;
  if (!reader.failed() && !reader.Has("attr")) {
    reader.Invalid("attr", "is missing, expected a string");
  }
  reader.OneOrMore("attr", names);
  if (reader.failed()) return;
  if (names.empty()) return reader.Invalid("attr", "is empty");
  leaf.attribute = std::move(names.front());
  leaf.alternatives.assign(std::move_iterator(names.begin() + 1), std::move_iterator(names.end()));
}

Found ReadLeaf(ObjectReader& reader, Condition& out) {
  model::LeafCondition leaf;
  std::string op;
  ReadAttribute(reader, leaf);
  reader.RequiredString("op", op);
  reader.Values("values", leaf.values);
  reader.Bool("ignoreCase", leaf.ignore_case);
  reader.Bool("lenient", leaf.lenient);
  reader.Bool("asText", leaf.as_text);
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

}  // namespace

Found ReadWindow(const Value& value, const Path& path, model::Window& window) {
  ObjectReader reader(value, path);
  reader.Instant("from", window.from);
  reader.Instant("to", window.to);
  if (!reader.failed() && !reader.Has("from") && !reader.Has("to")) {
    reader.Invalid("", "expected from, to, or both");
  }
  if (!reader.failed() && window.to <= window.from) reader.Invalid("to", "is not after from");
  return reader.Finish();
}

// Recursive: the depth of the JSON itself is bounded by wire/json.h.
Found ReadCondition(const Value& value, const Path& path, Condition& out) {
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
  if (reader.Has("window")) {
    auto& inner = out.node.emplace<model::WindowCondition>().window;
    reader.Note(ReadWindow(*reader.Get("window"), reader.PathOf("window"), inner));
    return reader.Finish();
  }
  return ReadLeaf(reader, out);
}

}  // namespace pennon::wire
