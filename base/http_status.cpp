#include "base/http_status.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pennon::base {

std::string_view HttpStatusText(int status) {
  // The first is what nearly all answers have.
  static constexpr auto kTexts = std::to_array<std::pair<int, std::string_view>>({
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  });
  const auto* const found = std::find_if(
      kTexts.begin(), kTexts.end(), [status](const auto& entry) { return entry.first == status; });
  return found == kTexts.end() ? std::string_view() : found->second;
}

}  // namespace pennon::base
