#include "wire/json.h"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/short_text.h"
#include "base/sort.h"
#include "base/utf8.h"
#include "wire/json_number.h"
#include "wire/json_reader.h"
#include "wire/text_position.h"
#include "wire/value_builder.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

// Numbers come as text, so that a whole number is exact or refused, never rounded.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

base::Error Wrong(std::string_view text, std::size_t offset, std::string_view what) {
  return Error::Invalid(LineAndColumn(PositionAt(text, offset)), what);
}

// RapidJSON takes the second half of a surrogate pair for a character.
constexpr const char* kHalfCharacter = "a \\u escape is half of a surrogate pair";

class Handler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Handler> {
 public:
  Handler(bool has_escapes, const MemberTaker* take) : has_escapes_(has_escapes), take_(take) {}

  bool Null() { return Put(nullptr); }
  bool Bool(bool value) { return Put(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return Number({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (IsHalf({text, size})) return Refuse(kHalfCharacter);
    return Put(std::string(text, size));
  }
  bool StartObject() { return Open(true); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    if (IsHalf(key)) return Refuse(kHalfCharacter);
    if (has_escapes_ && key.find('\0') != std::string_view::npos) {
      return Refuse("a key contains the character NUL");
    }
    builder_.Key(key);
    return true;
  }
  bool EndObject(rapidjson::SizeType) {
    if (const auto twice = DuplicateKey(builder_.InnermostContents())) {
      return Refuse("the key \"" + *twice + "\" is given twice in one object");
    }
    builder_.CloseObject();
    return Offer();
  }
  bool StartArray() { return Open(false); }
  bool EndArray(rapidjson::SizeType) {
    builder_.CloseArray();
    return Offer();
  }

  Value Take() { return builder_.Take(); }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  [[nodiscard]] bool IsHalf(std::string_view text) const {
    return has_escapes_ && !base::IsUtf8(text);
  }
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

  bool Open(bool is_object) {
    if (builder_.depth() == kMaxJsonDepth) {
      return Refuse("nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    builder_.Open();
    if (builder_.depth() == 1) root_is_object_ = is_object;
    if (builder_.depth() == kTakenDepth) owner_is_object_ = is_object && root_is_object_;
    return true;
  }
  template <typename T>
  bool Put(T&& value) {
    builder_.Put(std::forward<T>(value));
    return Offer();
  }
  // What was put last is a whole value.
  bool Offer() {
    if (take_ == nullptr || builder_.depth() != kTakenDepth || !owner_is_object_) return true;
    auto& [key, member] = builder_.last();
    if ((*take_)(builder_.owner(), key, member)) member = Value();
    return true;
  }

  static std::optional<std::string> DuplicateKey(
      std::span<const model::Object::value_type> members) {
    // Few are compared with each other, which takes no memory; many are sorted.
    constexpr std::size_t kFew = 16;
    if (members.size() <= kFew) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
          if (base::SameText(members[i].first, members[k].first)) return members[i].first;
        }
      }
      return std::nullopt;
    }
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (const auto& member : members) keys.push_back(member.first);
    base::SortUnlessSorted(keys);
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return std::nullopt;
    return std::string(*twice);
  }

  static constexpr std::size_t kTakenDepth = 2;

  const bool has_escapes_;         // else all text is valid, because the whole is
  const MemberTaker* const take_;  // null: nothing is taken
  bool root_is_object_ = false;
  bool owner_is_object_ = false;  // what is open at kTakenDepth
  ValueBuilder builder_;
  std::string refusal_;
};

base::Result<Value> Read(std::string_view text, const MemberTaker* take) {
  if (const std::size_t valid = base::ValidUtf8Prefix(text); valid != text.size()) {
    return Fail(Wrong(text, valid, "invalid UTF-8"));
  }
  rapidjson::MemoryStream stream(text.data(), text.size());
  JsonReader reader;
  Handler handler(text.find('\\') != std::string_view::npos, take);
  const auto parsed = reader.Parse<kFlags>(stream, handler);
  if (parsed.IsError()) {
    std::string what = handler.refusal().empty()
                           ? std::string(rapidjson::GetParseError_En(parsed.Code()))
                           : handler.refusal();
    if (text.empty()) what = "is empty, expected JSON";
    return Fail(Wrong(text, parsed.Offset(), what));
  }
  // A NUL inside the text looks like its end to the reader.
  if (stream.Tell() != text.size()) {
    return Fail(Wrong(text, stream.Tell(), "unexpected character NUL"));
  }
  return handler.Take();
}

}  // namespace

base::Result<Value> ReadJson(std::string_view text) {
  return Read(text, nullptr);
}

base::Result<Value> ReadJson(std::string_view text, const MemberTaker& take) {
  return Read(text, &take);
}

}  // namespace pennon::wire
