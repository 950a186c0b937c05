#include "net/http_message.h"

#include <algorithm>

namespace pennon::net {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameName(key, name)) return value;
  }
  return {};
}

bool HttpRequest::MayBeJson() const {
  const std::string_view type = Header("Content-Type");
  return type.empty() || type.substr(0, type.find(';')).find("json") != std::string_view::npos;
}

std::size_t HttpRequest::CountHeader(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [&](const auto& header) { return SameName(header.first, name); }));
}

void HttpResponse::Clear() {
  status = 200;
  content_type = "application/json";
  headers.clear();
  body.clear();
  close = false;
}

}  // namespace pennon::net
