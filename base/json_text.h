// Appends JSON text to a string. Writing only; the one door for reading JSON is wire/json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pennon::base {

/// Appends `text` (valid UTF-8) as a quoted JSON string with the escapes that JSON demands.
void AppendJsonString(std::string& out, std::string_view text);
/// Appends a finite number that always reads back as a floating-point number: `1.0`, `2.5e-9`.
/// Several OpenFeature providers decide the type of a flag by the fraction.
void AppendJsonDouble(std::string& out, double value);
void AppendJsonInt(std::string& out, std::int64_t value);
void AppendJsonUint(std::string& out, std::uint64_t value);

/// Builds one JSON object member by member; values are appended in the order of the calls.
/// Confined to one thread; borrows `out` for its lifetime.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  JsonObject& String(std::string_view key, std::string_view value);
  JsonObject& Int(std::string_view key, std::int64_t value);
  JsonObject& Uint(std::string_view key, std::uint64_t value);
  JsonObject& Bool(std::string_view key, bool value);
  /// `json` is put in as it is and must be one JSON value.
  JsonObject& Raw(std::string_view key, std::string_view json);
  /// Appends the key and leaves the value to the caller.
  std::string& Key(std::string_view key);
  void Close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace pennon::base
