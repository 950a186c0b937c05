#include "wire/json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "wire/json_number.h"
#include "wire/json_position.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

// Numbers come as text, so that a whole number is exact or refused, never rounded.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

std::string LineAndColumn(std::string_view text, std::size_t offset) {
  const JsonPosition position = PositionAt(text, offset);
  return std::to_string(position.line) + ':' + std::to_string(position.column);
}

// Builds a Value from events. What belongs to containers that are still open lies on one stack, so
// a container is made once, of the size that it has.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  bool Null() { return Put(nullptr); }
  bool Bool(bool value) { return Put(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return Number({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Put(std::string(text, size));
  }
  bool StartObject() { return Open(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    if (key.find('\0') != std::string_view::npos) return Refuse("a key contains the character NUL");
    key_ = key;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    const auto members = std::span(stack_).subspan(open_.back());
    if (const auto twice = DuplicateKey(members)) {
      return Refuse("the key \"" + *twice + "\" is given twice in one object");
    }
    return Close(
        model::Object(std::move_iterator(members.begin()), std::move_iterator(members.end())));
  }
  bool StartArray() { return Open(); }
  bool EndArray(rapidjson::SizeType) {
    model::Array array;
    array.reserve(stack_.size() - open_.back());
    for (auto& element : std::span(stack_).subspan(open_.back())) {
      array.push_back(std::move(element.second));
    }
    return Close(std::move(array));
  }

  Value Take() { return std::move(stack_.front().second); }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  bool Refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  bool Number(std::string_view text) {
    const auto number = ParseJsonNumber(text);
    if (!number) return Refuse("a number is too large");
    if (number->whole) return Put(*number->whole);
    if (text.find_first_of(".eE") == std::string_view::npos) {
      return Refuse("a whole number is outside of -2^63 … 2^63-1; send it as a string");
    }
    return Put(number->real);
  }

  // The key of an open container waits in its place on the stack.
  bool Open() {
    if (open_.size() == kMaxJsonDepth) {
      return Refuse("nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    Put(nullptr);
    open_.push_back(stack_.size());
    return true;
  }
  bool Close(Value done) {
    stack_.resize(open_.back());
    open_.pop_back();
    stack_.back().second = std::move(done);
    return true;
  }
  bool Put(Value value) {
    stack_.emplace_back(std::move(key_), std::move(value));
    return true;
  }

  static std::optional<std::string> DuplicateKey(
      std::span<const model::Object::value_type> members) {
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& member : members) keys.push_back(member.first);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return std::nullopt;
    return std::string(*twice);
  }

  model::Object stack_;            // the root, and what open containers have so far
  std::vector<std::size_t> open_;  // where the contents of each open container begin
  std::string key_;                // of the member being read
  std::string refusal_;
};

}  // namespace

base::Result<Value> ReadJson(std::string_view text) {
  if (const std::size_t valid = base::ValidUtf8Prefix(text); valid != text.size()) {
    return Fail(Error::Invalid(LineAndColumn(text, valid), "invalid UTF-8"));
  }
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Builder builder;
  const auto parsed = reader.Parse<kFlags>(stream, builder);
  if (parsed.IsError()) {
    std::string what = builder.refusal().empty()
                           ? std::string(rapidjson::GetParseError_En(parsed.Code()))
                           : builder.refusal();
    if (text.empty()) what = "is empty, expected JSON";
    return Fail(Error::Invalid(LineAndColumn(text, parsed.Offset()), what));
  }
  // A NUL inside the text looks like its end to the reader.
  if (stream.Tell() != text.size()) {
    return Fail(Error::Invalid(LineAndColumn(text, stream.Tell()), "unexpected character NUL"));
  }
  return builder.Take();
}

}  // namespace pennon::wire
