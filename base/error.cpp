// Factories of Error and the one table that maps its kinds to the outside.
#include "base/error.h"

#include <array>

namespace pennon::base {
namespace {

struct Row {
  std::string_view name;
  int http_status;
};

// In the order of ErrorCode, which starts at 1.
constexpr std::array<Row, 11> kRows{{
    {"invalid", 400},
    {"limit", 413},
    {"unauthenticated", 401},
    {"forbidden", 403},
    {"not-found", 404},
    {"conflict", 409},
    {"unavailable", 503},
    {"internal", 500},
    {"outdated", 412},
    {"unguarded", 428},
    {"no-memory", 503},
}};

const Row& RowOf(ErrorCode code) {
  return kRows[static_cast<std::size_t>(code) - 1];
}

}  // namespace

Error Error::Invalid(std::string_view where, std::string_view what) {
  return {ErrorCode::kInvalid, where, what};
}
Error Error::Limit(std::string_view where, std::string_view what) {
  return {ErrorCode::kLimit, where, what};
}
Error Error::Unauthenticated(std::string_view where, std::string_view what) {
  return {ErrorCode::kUnauthenticated, where, what};
}
Error Error::Forbidden(std::string_view where, std::string_view what) {
  return {ErrorCode::kForbidden, where, what};
}
Error Error::NotFound(std::string_view where, std::string_view what) {
  return {ErrorCode::kNotFound, where, what};
}
Error Error::Conflict(std::string_view where, std::string_view what) {
  return {ErrorCode::kConflict, where, what};
}
Error Error::Outdated(std::string_view where, std::string_view what) {
  return {ErrorCode::kOutdated, where, what};
}
Error Error::Unguarded(std::string_view where, std::string_view what) {
  return {ErrorCode::kUnguarded, where, what};
}
Error Error::NoMemory(std::string_view where, std::string_view what) {
  return {ErrorCode::kNoMemory, where, what};
}
Error Error::Unavailable(std::string_view where, std::string_view what) {
  return {ErrorCode::kUnavailable, where, what};
}
Error Error::Internal(std::string_view where, std::string_view what) {
  return {ErrorCode::kInternal, where, what};
}

std::string Error::Message() const {
  return where_.empty() ? what_ : where_ + ": " + what_;
}

Error Error::Within(std::string_view outer) const {
  if (outer.empty()) return *this;
  std::string where(outer);
  if (!where_.empty()) {
    const bool is_line = where_.front() >= '0' && where_.front() <= '9';
    if (where_.front() != '[') where += is_line ? ':' : '.';
    where += where_;
  }
  return {code_, where, what_};
}

int HttpStatus(ErrorCode code) {
  return RowOf(code).http_status;
}
std::string_view Name(ErrorCode code) {
  return RowOf(code).name;
}

}  // namespace pennon::base
