// RFC 9457 problem documents: the error body of every endpoint that is not OFREP.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace pennon::wire {

inline constexpr std::string_view kProblemType = "application/problem+json";

/// {"type":"about:blank","title":…,"status":…,"code":"invalid","detail":…,"pointer":where}
/// `current` is JSON, what is in force instead of what the caller took to be, or "".
std::string ProblemDocument(int status, const base::Error& error, std::string_view current = {});
inline std::string ProblemDocument(const base::Error& error) {
  return ProblemDocument(base::HttpStatus(error.code()), error);
}

}  // namespace pennon::wire
