#include "net/http_message.h"

#include <algorithm>

namespace pennon::net {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool SameInAnyCase(std::string_view a, std::string_view b) {
  if (a == b) return true;  // as nearly everybody writes them
  return std::equal(a.begin(), a.end(), b.begin(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameHeaderName(key, name)) return value;
  }
  return {};
}

bool HttpRequest::MayBeJson() const {
  const std::string_view type = Header("Content-Type");
  if (type == "application/json") return true;  // nearly always
  const std::string_view kind = type.substr(0, type.find(';'));
  constexpr std::string_view kJson = "json";
  const auto* const found = std::search(kind.begin(), kind.end(), kJson.begin(), kJson.end(),
                                        [](char x, char y) { return Lower(x) == y; });
  return type.empty() || found != kind.end();
}

void HttpResponse::Clear() {
  status = 200;
  content_type = "application/json";
  headers.clear();
  header_lines.clear();
  body.clear();
  close = false;
}

}  // namespace pennon::net
