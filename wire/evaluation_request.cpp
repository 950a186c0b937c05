#include "wire/evaluation_request.h"

#include <rapidjson/error/en.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/utf8.h"
#include "wire/context_builder.h"
#include "wire/json_number.h"
#include "wire/json_reader.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::AttributeKind;

// Without kParseIterativeFlag: the handler ends the recursion at kMaxContextDepth, and it is
// faster. Without kParseValidateEncodingFlag: of a character that is cut off by the end, it would
// read more bytes than there are. The encoding is checked before.
constexpr unsigned kParseFlags =
    rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;

// Writes the events of one value as JSON text again: a caller's default is only handed back.
class ValueCopy {
 public:
  explicit ValueCopy(std::string& out) : out_(&out) {}

  std::string& Next() {
    if (needs_comma_) *out_ += ',';
    needs_comma_ = true;
    return *out_;
  }
  void Key(std::string_view key) {
    base::AppendJsonString(Next(), key);
    *out_ += ':';
    needs_comma_ = false;
  }
  void Open(char bracket) {
    Next() += bracket;
    needs_comma_ = false;
  }
  void Close(char bracket) {
    *out_ += bracket;
    needs_comma_ = true;
  }

 private:
  std::string* out_;
  bool needs_comma_ = false;
};

enum class Member { kNone, kContext, kFlag, kFlags, kDefault, kDefaults, kOther };

class Handler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Handler> {
 public:
  Handler(RequestKind kind, bool has_escapes, model::Context& context, EvaluationRequest& request)
      : kind_(kind),
        has_escapes_(has_escapes),
        context_(context),
        request_(request),
        copy_(scratch_) {}

  bool Null() {
    if (depth_ == 1 && member_ == Member::kContext) return true;
    return Scalar([&] { return context_.Null(Name()); }, [](std::string& out) { out += "null"; });
  }
  bool Bool(bool value) {
    return Scalar([&] { return context_.Bool(Name(), value); },
                  [&](std::string& out) { out += value ? "true" : "false"; });
  }
  bool RawNumber(const char* data, rapidjson::SizeType size, bool) {
    const auto number = ParseJsonNumber({data, size});
    if (!number) return Refuse("body", "has a number that is too large");
    if (number->whole) {
      return Scalar([&] { return context_.Int(Name(), *number->whole); },
                    [&](std::string& out) { base::AppendJsonInt(out, *number->whole); });
    }
    return Scalar([&] { return context_.Double(Name(), number->real); },
                  [&](std::string& out) { base::AppendJsonDouble(out, number->real); });
  }
  bool String(const char* data, rapidjson::SizeType size, bool) {
    const std::string_view text(data, size);
    if (IsHalf(text)) return RefuseHalf();
    if (member_ == Member::kFlag && depth_ == 1) {
      request_.single = request_.names_flags = true;
      request_.flags.push_back(text);
      return true;
    }
    if (member_ == Member::kFlags && depth_ == 2) return AddFlag(text);
    return Scalar([&] { return context_.String(Name(), text); },
                  [&](std::string& out) { base::AppendJsonString(out, text); });
  }

  bool StartObject() {
    if (depth_ == 0) return ++depth_ > 0;
    return Open(AttributeKind::kObject, '{');
  }
  bool StartArray() {
    if (member_ == Member::kFlags && depth_ == 1) {
      request_.names_flags = true;
      return ++depth_ > 0;
    }
    return Open(AttributeKind::kArray, '[');
  }
  bool EndObject(rapidjson::SizeType) { return End('}'); }
  bool EndArray(rapidjson::SizeType) { return End(']'); }

  bool Key(const char* data, rapidjson::SizeType size, bool) {
    const std::string_view key(data, size);
    if (IsHalf(key)) return RefuseHalf();
    if (depth_ == 1) return Select(key);
    if (member_ == Member::kDefaults && depth_ == 2) {
      NewDefault(key);
    } else if (IsCopied()) {
      copy_.Key(key);
    }
    name_ = key;
    return true;
  }

  [[nodiscard]] std::string_view where() const { return where_; }
  [[nodiscard]] std::string_view refusal() const {
    return refusal_.empty() ? context_.refusal() : refusal_;
  }

 private:
  bool Refuse(std::string_view where, std::string_view why) {
    where_ = where;
    refusal_ = why;
    return false;
  }

  // RapidJSON takes the second half of a surrogate pair for a character.
  [[nodiscard]] bool IsHalf(std::string_view text) const {
    return has_escapes_ && !base::IsUtf8(text);
  }
  bool RefuseHalf() { return Refuse("body", "has a \\u escape that is half of a surrogate pair"); }

  bool Select(std::string_view key) {
    const bool evaluate = kind_ == RequestKind::kEvaluate;
    member_ = key == "context"                ? Member::kContext
              : evaluate && key == "flag"     ? Member::kFlag
              : evaluate && key == "flags"    ? Member::kFlags
              : evaluate && key == "default"  ? Member::kDefault
              : evaluate && key == "defaults" ? Member::kDefaults
                                              : Member::kOther;
    if (member_ == Member::kOther && evaluate) {
      return Refuse("", "a member is not known; known are context, flag, flags, default, defaults");
    }
    if (member_ == Member::kDefault) NewSingleDefault();
    return true;
  }
  void NewDefault(std::string_view key) {
    request_.defaults.emplace_back(key, std::string());
    copy_ = ValueCopy(request_.defaults.back().second);
  }
  void NewSingleDefault() {
    const bool is_first = !request_.single_default;  // of one that is given twice the first counts
    copy_ = ValueCopy(is_first ? request_.single_default.emplace() : scratch_);
  }

  bool AddFlag(std::string_view key) {
    if (request_.flags.size() == kMaxBatchFlags)
      return Refuse("flags", "names more than 1000 flags");
    request_.flags.push_back(key);
    return true;
  }

  [[nodiscard]] bool IsCopied() const {
    return member_ == Member::kDefault || (member_ == Member::kDefaults && depth_ >= 2);
  }
  // An element of an array has no name, but would inherit the last key.
  std::string_view Name() { return std::exchange(name_, {}); }

  template <typename ToContext, typename ToText>
  bool Scalar(ToContext to_context, ToText to_text) {
    if (depth_ == 0) return Refuse("", "expected an object");
    if (member_ == Member::kContext && depth_ >= 2) return to_context();
    if (member_ == Member::kOther) return true;
    if (!IsCopied()) return WrongType();
    to_text(copy_.Next());
    return true;
  }
  bool WrongType() {
    switch (member_) {
      case Member::kContext:
        return Refuse("context", "expected an object");
      case Member::kFlag:
        return Refuse("flag", "expected the key of a flag");
      case Member::kFlags:
        return Refuse("flags", "expected an array of keys of flags");
      default:
        return Refuse("defaults", "expected an object with a value for each flag");
    }
  }

  bool Open(AttributeKind kind, char bracket) {
    if (depth_ == 0) return Refuse("", "expected an object");
    if (depth_ > kMaxContextDepth + 1) return Refuse("", "nested deeper than 32");
    if (member_ == Member::kContext && depth_ >= 2) {
      if (!context_.Open(Name(), kind)) return false;
    } else if (IsCopied()) {
      copy_.Open(bracket);
    } else if (member_ != Member::kOther &&
               (kind != AttributeKind::kObject ||
                (member_ != Member::kContext && member_ != Member::kDefaults) || depth_ != 1)) {
      return WrongType();
    }
    ++depth_;
    return true;
  }
  bool End(char bracket) {
    --depth_;
    if (member_ == Member::kContext && context_.depth() > 0) {
      context_.Close();
    } else if (IsCopied() && depth_ > (member_ == Member::kDefaults ? 1U : 0U)) {
      copy_.Close(bracket);
    }
    return true;
  }

  RequestKind kind_;
  bool has_escapes_;  // else all text is valid, because the whole is
  ContextBuilder context_;
  EvaluationRequest& request_;
  std::string scratch_;
  ValueCopy copy_;
  Member member_ = Member::kNone;
  std::string_view name_;
  std::size_t depth_ = 0;
  std::string_view where_;
  std::string_view refusal_;
};

bool ComesBefore(const std::pair<std::string_view, std::string>& given, std::string_view key) {
  return given.first < key;
}

base::Result<void> CheckCombination(const EvaluationRequest& request, bool has_flags_member) {
  if (request.single && has_flags_member) {
    return Fail(Error::Invalid("flag", "give flag or flags, not both"));
  }
  if (request.single_default && !request.single) {
    return Fail(Error::Invalid("default", "belongs to \"flag\"; for several flags give defaults"));
  }
  return {};
}

}  // namespace

void EvaluationRequest::Clear() {
  names_flags = false;
  single = false;
  flags.clear();
  single_default.reset();
  defaults.clear();
}

std::string_view EvaluationRequest::DefaultFor(std::string_view flag) const {
  if (single_default) return *single_default;
  const auto found = std::lower_bound(defaults.begin(), defaults.end(), flag, ComesBefore);
  return found == defaults.end() || found->first != flag ? std::string_view() : found->second;
}

base::Result<void> ReadEvaluationRequest(std::span<char> body, RequestKind kind,
                                         model::Context& context, EvaluationRequest& request) {
  context.Clear();
  request.Clear();
  if (body.empty()) return {};
  const std::string_view text(body.data(), body.size());
  if (!base::IsUtf8(text)) return Fail(Error::Invalid("body", "is not UTF-8"));
  char* const end = body.data() + body.size();
  const char after = std::exchange(*end, '\0');
  rapidjson::InsituStringStream stream(body.data());
  JsonReader reader;
  Handler handler(kind, text.find('\\') != std::string_view::npos, context, request);
  const auto parsed = reader.Parse<kParseFlags>(stream, handler);
  const bool complete = stream.Tell() == body.size();
  *end = after;
  if (parsed.IsError() && !handler.refusal().empty()) {
    return Fail(Error::Invalid(handler.where(), handler.refusal()));
  }
  if (parsed.IsError() || !complete) {
    const std::string what =
        parsed.IsError() ? rapidjson::GetParseError_En(parsed.Code()) : "unexpected character NUL";
    const std::size_t at = parsed.IsError() ? parsed.Offset() : stream.Tell();
    return Fail(Error::Invalid("body", "is not JSON at byte " + std::to_string(at) + ": " + what));
  }
  if (request.defaults.size() > 1) {  // of one that is given twice the first counts
    std::stable_sort(request.defaults.begin(), request.defaults.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  return CheckCombination(request, request.flags.size() > (request.single ? 1U : 0U));
}

}  // namespace pennon::wire
