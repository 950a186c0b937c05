// The only place in wire/ that knows yaml-cpp, and the door where its exceptions end.
#include "wire/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/text_hash.h"
#include "base/utf8.h"
#include "base/yaml_scalar.h"
#include "base/yaml_text.h"
#include "wire/json.h"
#include "wire/limits.h"
#include "wire/value_builder.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

[[noreturn]] void Refuse(const YAML::Mark& mark, const std::string& what) {
  throw YAML::ParserException(mark, what);
}

// A scalar that came without quotes.
bool IsPlain(const std::string& tag) {
  return tag == "?";
}

// What both users of the parser have in common: which of the scalars are keys, and refusals. The
// parser calls in the order of the document; a container ends without a mark.
class Handler : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) final {
    if (++documents_ > 1) Refuse(mark, "a second document begins here, expected one");
  }
  void OnDocumentEnd() final {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) final {
    OnScalar(mark, "?", anchor, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) final {
    Refuse(mark, "an alias is not read here; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& scalar) final {
    CheckProperties(mark, tag, anchor);
    const std::string text = base::Utf8OfYaml(scalar);
    if (NextIsKey()) {
      CheckKey(mark, tag, text);
      open_.back().awaits_key = false;
      return Key(mark, text);
    }
    Scalar(mark, text, IsPlain(tag));
    ValueEnds();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) final {
    Begin(mark, tag, anchor, true);
  }
  void OnSequenceEnd() final { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) final {
    Begin(mark, tag, anchor, false);
  }
  void OnMapEnd() final { End(); }

  [[nodiscard]] bool has_document() const { return documents_ > 0; }

 protected:
  virtual void Key(const YAML::Mark& mark, const std::string& key) = 0;
  virtual void Scalar(const YAML::Mark& mark, const std::string& text, bool is_plain) = 0;
  virtual void Open(const YAML::Mark& mark, bool is_array) = 0;
  virtual void Close(bool is_array) = 0;

 private:
  struct Container {
    bool is_array = false;
    bool awaits_key = false;
    base::TextSet<std::string> keys;
  };

  [[nodiscard]] bool NextIsKey() const { return !open_.empty() && open_.back().awaits_key; }
  void ValueEnds() {
    if (!open_.empty()) open_.back().awaits_key = !open_.back().is_array;
  }
  static void CheckProperties(const YAML::Mark& mark, const std::string& tag,
                              YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(mark, "an anchor is not read here");
    if (!tag.empty() && tag != "?" && tag != "!")
      Refuse(mark, "the tag " + tag + " is not read here");
  }
  void CheckKey(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
    if (IsPlain(tag)) {
      const auto scalar = base::ResolveYamlScalar(key);
      if (!scalar || !std::holds_alternative<std::string_view>(*scalar)) {
        Refuse(mark, "a key is no string; put it in quotes");
      }
    }
    if (key.find('\0') != std::string::npos) Refuse(mark, "a key contains the character NUL");
    if (!open_.back().keys.insert(key).second) {
      Refuse(mark, "the key \"" + key + "\" is given twice in one object");
    }
  }
  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_array) {
    CheckProperties(mark, tag, anchor);
    if (NextIsKey()) Refuse(mark, "a key is no string");
    if (open_.size() == kMaxJsonDepth) {
      Refuse(mark, "nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    Open(mark, is_array);
    open_.push_back({is_array, !is_array, {}});
  }
  void End() {
    const bool is_array = open_.back().is_array;
    open_.pop_back();
    Close(is_array);
    ValueEnds();
  }

  std::vector<Container> open_;
  int documents_ = 0;
};

class Reader final : public Handler {
 public:
  Value Take() { return builder_.Take(); }

 private:
  void Key(const YAML::Mark&, const std::string& key) override { builder_.Key(key); }
  void Scalar(const YAML::Mark& mark, const std::string& text, bool is_plain) override {
    if (!is_plain) return builder_.Put(text);
    const auto scalar = base::ResolveYamlScalar(text);
    if (!scalar) Refuse(mark, "a number is too large; put it in quotes to make it a string");
    if (std::holds_alternative<std::string_view>(*scalar)) return builder_.Put(text);
    if (const auto* flag = std::get_if<bool>(&*scalar)) return builder_.Put(*flag);
    if (const auto* whole = std::get_if<std::int64_t>(&*scalar)) return builder_.Put(*whole);
    if (const auto* real = std::get_if<double>(&*scalar)) return builder_.Put(*real);
    builder_.Put(nullptr);
  }
  void Open(const YAML::Mark&, bool) override { builder_.Open(); }
  void Close(bool is_array) override {
    if (is_array) return builder_.CloseArray();
    builder_.CloseObject();
  }

  ValueBuilder builder_;
};

TextPosition PositionOf(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

class Finder final : public Handler {
 public:
  explicit Finder(std::string_view wanted) : path_(wanted) {}
  [[nodiscard]] TextPosition position() const { return position_; }

 private:
  void Key(const YAML::Mark& mark, const std::string& key) override { Note(path_.Key(key), mark); }
  void Scalar(const YAML::Mark& mark, const std::string&, bool) override {
    Note(path_.Scalar(), mark);
  }
  void Open(const YAML::Mark& mark, bool is_array) override { Note(path_.Open(is_array), mark); }
  void Close(bool) override { path_.Close(); }
  void Note(bool is_nearest, const YAML::Mark& mark) {
    if (is_nearest) position_ = PositionOf(mark);
  }

  PathTracker path_;
  TextPosition position_;
};

base::Result<void> Parse(std::string_view text, Handler& handler) {
  try {
    std::istringstream stream{base::WithEndOfYaml(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
    return {};
  } catch (const YAML::Exception& error) {
    return Fail(Error::Invalid(LineAndColumn(PositionOf(error.mark)), error.msg));
  }
}

// The parser takes U+0004 for the end of the text, guesses other encodings from NUL, and puts
// U+FFFD for what is no UTF-8.
std::size_t ReadablePrefix(std::string_view text) {
  const std::size_t valid = base::ValidUtf8Prefix(text);
  for (std::size_t i = 0; i < valid; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
  }
  return valid;
}

}  // namespace

base::Result<Value> ReadYaml(std::string_view text) {
  if (text.size() > kMaxYamlBytes) {
    return Fail(Error::Limit(
        "", "is longer than " + std::to_string(kMaxYamlBytes) + " bytes; write it as JSON"));
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    return Fail(Error::Invalid("1:1", "begins with a byte order mark"));
  }
  if (const std::size_t good = ReadablePrefix(text); good != text.size()) {
    return Fail(Error::Invalid(LineAndColumn(PositionAt(text, good)),
                               "invalid UTF-8 or a control character"));
  }
  Reader reader;
  if (auto parsed = Parse(text, reader); !parsed) return Fail(parsed.error());
  if (!reader.has_document()) return Fail(Error::Invalid("1:1", "is empty, expected a document"));
  return reader.Take();
}

TextPosition FindYamlPosition(std::string_view text, std::string_view path) {
  Finder finder(path);
  (void)Parse(text, finder);
  return finder.position();
}

}  // namespace pennon::wire
