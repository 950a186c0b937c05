#include "wire/json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "wire/json_number.h"
#include "wire/json_position.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

// Numbers come as text, so that a whole number is exact or refused, never rounded.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                            rapidjson::kParseNumbersAsStringsFlag;

std::string LineAndColumn(std::string_view text, std::size_t offset) {
  const JsonPosition position = PositionAt(text, offset);
  return std::to_string(position.line) + ':' + std::to_string(position.column);
}

// Builds a Value from events. The stack holds the containers that are open.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  bool Null() { return Put(nullptr); }
  bool Bool(bool value) { return Put(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return Number({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Put(std::string(text, size));
  }
  bool StartObject() { return Open(model::Object()); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    if (key.find('\0') != std::string_view::npos) return Refuse("a key contains the character NUL");
    keys_.back() = key;
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (const auto twice = DuplicateKey(std::get<model::Object>(stack_.back().data))) {
      return Refuse("the key \"" + *twice + "\" is given twice in one object");
    }
    return Close();
  }
  bool StartArray() { return Open(model::Array()); }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  Value Take() { return std::move(root_); }
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

  bool Open(Value container) {
    if (stack_.size() == kMaxJsonDepth) {
      return Refuse("nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    stack_.push_back(std::move(container));
    keys_.emplace_back();
    return true;
  }
  bool Close() {
    Value done = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    return Put(std::move(done));
  }
  bool Put(Value value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (auto* array = std::get_if<model::Array>(&stack_.back().data)) {
      array->push_back(std::move(value));
    } else {
      std::get<model::Object>(stack_.back().data)
          .emplace_back(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  static std::optional<std::string> DuplicateKey(const model::Object& object) {
    std::vector<std::string_view> keys;
    keys.reserve(object.size());
    for (const auto& member : object) keys.push_back(member.first);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return std::nullopt;
    return std::string(*twice);
  }

  Value root_;
  std::vector<Value> stack_;
  std::vector<std::string> keys_;  // the member being read, for each container on the stack
  std::string refusal_;
};

}  // namespace

base::Result<Value> ReadJson(std::string_view text) {
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
