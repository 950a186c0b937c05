#include "wire/native_document.h"

#include "wire/flag_definition.h"
#include "wire/json.h"
#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Fail;
using model::Value;

constexpr const char* kFlags = "flags";
constexpr const char* kSegments = "segments";

template <typename T>
void ReadOne(const std::string& key, const Value& definition,
             base::Result<std::shared_ptr<const T>> (*read)(std::string_view, const Value&),
             model::Definitions<T>& definitions, std::vector<model::Broken>& broken) {
  auto one = read(key, definition);
  if (one) {
    definitions.push_back(std::move(*one));
  } else {
    broken.push_back({key, one.error()});
  }
}

// False: there is no such member of a document.
bool ReadDefinition(const std::string& member, const std::string& key, const Value& definition,
                    model::FlagSet& set) {
  if (member == kFlags) {
    ReadOne<model::Flag>(key, definition, ReadFlag, set.flags, set.broken_flags);
  } else if (member == kSegments) {
    ReadOne<model::Segment>(key, definition, ReadSegment, set.segments, set.broken_segments);
  } else {
    return false;
  }
  return true;
}

const model::Object* Definitions(ObjectReader& reader, const char* member) {
  const Value* const found = reader.Get(member);
  if (found == nullptr) return nullptr;
  if (found->AsObject() == nullptr) {
    reader.Invalid(member, "is " + std::string(TypeName(*found)) +
                               ", expected an object with a definition for each key");
  }
  return found->AsObject();
}

// What is in a document; the definitions too, unless they are in the set already.
base::Result<model::FlagSet> ReadMembers(const Value& document, model::FlagSet set,
                                         bool has_definitions) {
  ObjectReader reader(document, "");
  std::string note;
  reader.String("$schema", note);
  reader.RequiredString("environment", set.environment);
  reader.Unsigned("epoch", INT64_MAX, set.epoch);
  reader.Unsigned("revision", INT64_MAX, set.revision);
  if (!reader.failed() && !reader.Has(kFlags)) {
    reader.Invalid(kFlags, "is missing, expected an object with a definition for each key");
  }
  for (const char* const member : {kFlags, kSegments}) {
    const model::Object* const definitions = Definitions(reader, member);
    if (definitions == nullptr || has_definitions) continue;
    for (const auto& [key, definition] : *definitions) {
      ReadDefinition(member, key, definition, set);
    }
  }
  if (auto error = reader.Finish()) return Fail(*error);
  return set;
}

}  // namespace

base::Result<model::FlagSet> ReadNativeDocument(std::string_view text) {
  // Each definition is read as soon as its text is: what is needed for it is in the processor's
  // cache then, and is never needed for all of them at once.
  model::FlagSet set;
  const MemberTaker take = [&set](const std::string& member, const std::string& key,
                                  const Value& definition) {
    return ReadDefinition(member, key, definition, set);
  };
  const auto document = ReadJson(text, take);
  if (!document) return Fail(document.error());
  return ReadMembers(*document, std::move(set), true);
}

base::Result<model::FlagSet> ReadNativeValue(const Value& document) {
  return ReadMembers(document, {}, false);
}

}  // namespace pennon::wire
