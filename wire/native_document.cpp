#include "wire/native_document.h"

#include "wire/flag_definition.h"
#include "wire/json.h"
#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Fail;
using model::Value;

template <typename T>
void ReadEach(ObjectReader& reader, std::string_view member,
              base::Result<T> (*read)(std::string_view, const Value&),
              model::Definitions<T>& definitions, std::vector<model::Broken>& broken) {
  const Value* found = reader.Get(member);
  if (found == nullptr) return;
  const model::Object* object = found->AsObject();
  if (object == nullptr) {
    return reader.Invalid(member, "is " + std::string(TypeName(*found)) +
                                      ", expected an object with a definition for each key");
  }
  for (const auto& [key, definition] : *object) {
    auto one = read(key, definition);
    if (one) {
      definitions.push_back(std::make_shared<const T>(std::move(*one)));
    } else {
      broken.push_back({key, one.error()});
    }
  }
}

}  // namespace

base::Result<model::FlagSet> ReadNativeDocument(std::string_view text) {
  auto document = ReadJson(text);
  if (!document) return Fail(document.error());
  return ReadNativeValue(*document);
}

base::Result<model::FlagSet> ReadNativeValue(const Value& document) {
  model::FlagSet set;
  ObjectReader reader(document, "");
  std::string note;
  reader.String("$schema", note);
  reader.RequiredString("environment", set.environment);
  reader.Unsigned("epoch", INT64_MAX, set.epoch);
  reader.Unsigned("revision", INT64_MAX, set.revision);
  if (!reader.failed() && !reader.Has("flags")) {
    reader.Invalid("flags", "is missing, expected an object with a definition for each key");
  }
  ReadEach<model::Flag>(reader, "flags", ReadFlag, set.flags, set.broken_flags);
  ReadEach<model::Segment>(reader, "segments", ReadSegment, set.segments, set.broken_segments);
  if (auto error = reader.Finish()) return Fail(*error);
  return set;
}

}  // namespace pennon::wire
