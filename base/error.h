// What can go wrong because of others (a peer, a file, an operator), as a value.
// Our own bugs are not errors: they assert.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pennon::base {

enum class ErrorCode : std::uint8_t {
  kInvalid = 1,      // the input is wrong and will stay wrong
  kLimit,            // the input exceeds a named limit
  kUnauthenticated,  // no credential, or one that is not known
  kForbidden,        // a known caller that may not do this
  kNotFound,
  kConflict,     // already there, or in use
  kUnavailable,  // a dependency does not answer; trying again may help
  kInternal,     // something of ours failed (disk, memory, an unexpected exception)
  kOutdated,     // a change made for another version than the one in force
  kUnguarded,    // a change that does not say which version it was made for
  kNoMemory,     // there was none for it; trying again may help
};

/// One failure: what kind, where, and what was expected there.
///
/// `where` names a place that the reader can find: a path inside a document
/// (`flags.checkout.rules[2].weights`), a file with line (`pennond.yaml:12`), a URL, a field.
/// `what` is lower case, without a final period, and says what was found and what was expected.
class Error {
 public:
  static Error Invalid(std::string_view where, std::string_view what);
  static Error Limit(std::string_view where, std::string_view what);
  static Error Unauthenticated(std::string_view where, std::string_view what);
  static Error Forbidden(std::string_view where, std::string_view what);
  static Error NotFound(std::string_view where, std::string_view what);
  static Error Conflict(std::string_view where, std::string_view what);
  static Error Outdated(std::string_view where, std::string_view what);
  static Error Unguarded(std::string_view where, std::string_view what);
  static Error NoMemory(std::string_view where, std::string_view what);
  static Error Unavailable(std::string_view where, std::string_view what);
  static Error Internal(std::string_view where, std::string_view what);

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const std::string& what() const { return what_; }
  /// "where: what", or just "what" when there is no place to name.
  [[nodiscard]] std::string Message() const;
  /// The same error, with `outer` put before its place: `flags.checkout` before `rules[2]`, a file
  /// before `line:column`.
  [[nodiscard]] Error Within(std::string_view outer) const;

 private:
  Error(ErrorCode code, std::string_view where, std::string_view what)
      : code_(code), where_(where), what_(what) {}

  ErrorCode code_;
  std::string where_;
  std::string what_;
};

/// The HTTP status that answers an error of this kind.
int HttpStatus(ErrorCode code);
/// A stable lower-case word for logs, metrics and problem documents: "invalid", "not-found".
std::string_view Name(ErrorCode code);

}  // namespace pennon::base
