// RFC 9457 problem documents: the error body of every endpoint that is not OFREP.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace pennon::wire {

inline constexpr std::string_view kProblemType = "application/problem+json";

/// {"type":"about:blank","title":…,"status":…,"code":"invalid","detail":…,"pointer":where}
std::string ProblemDocument(int status, const base::Error& error);
inline std::string ProblemDocument(const base::Error& error) {
  return ProblemDocument(base::HttpStatus(error.code()), error);
}

}  // namespace pennon::wire
