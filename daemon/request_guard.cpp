#include "daemon/request_guard.h"

#include <algorithm>

#include "base/digest.h"
#include "serving/event_stream.h"
#include "serving/url_path.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kBearer = "Bearer ";  // in any case, and with more spaces

// What a request says of where it comes from and where it wants to go.
struct Places {
  bool is_from_page = false;
  std::size_t hosts = 0;
  std::string_view host;
};

// In one pass: this is done with every request.
Places PlacesOf(const net::HttpRequest& request) {
  Places places;
  for (const auto& [name, value] : request.headers) {
    if (net::SameHeaderName(name, "Host")) {
      ++places.hosts;
      places.host = value;
    } else if (net::SameHeaderName(name, "Origin") || net::SameHeaderName(name, "Referer") ||
               // "none" is what a person typed into the browser.
               (net::SameHeaderName(name, "Sec-Fetch-Site") && !value.empty() && value != "none")) {
      places.is_from_page = true;
    }
  }
  return places;
}

bool NamesThisHost(const Places& places) {
  if (places.hosts != 1) return false;
  std::string_view host = places.host;
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') {
    const std::string_view port = host.substr(colon + 1);
    const bool is_number =
        !port.empty() && port.size() <= 5 &&
        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) return false;
    host = host.substr(0, colon);
  }
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

}  // namespace

const BearerToken* FindToken(const net::HttpRequest& request, std::string_view path,
                             const BearerTokens& tokens) {
  if (tokens.empty()) return nullptr;
  std::string_view sent = request.Header("Authorization");
  if (sent.size() > kBearer.size() && net::SameInAnyCase(sent.substr(0, kBearer.size()), kBearer)) {
    sent.remove_prefix(sent.find_last_of(' ') + 1);
  } else {
    sent = request.Header("X-API-Key");
  }
  const auto ticket = path == serving::kEventsPath
                          ? serving::QueryParameter(request.query, "ticket")
                          : std::nullopt;
  const BearerToken* found = nullptr;
  for (const BearerToken& token : tokens) {
    if (base::ConstantTimeEquals(sent, token.token)) found = &token;
    if (ticket && base::ConstantTimeEquals(*ticket, token.ticket)) found = &token;
  }
  return found;
}

std::optional<Error> RefuseRequest(const net::HttpRequest& request, std::string_view path,
                                   Door door, bool lacks_token) {
  if (door == Door::kUnix) return std::nullopt;
  const Places places = PlacesOf(request);
  if (places.is_from_page) {
    return Error::Forbidden("Origin", "is that of a web page, which must not ask here");
  }
  if (door == Door::kAdmin) return std::nullopt;
  if (!NamesThisHost(places)) {
    return Error::Forbidden("Host", "expected one of 127.0.0.1, localhost and [::1]");
  }
  // Probes have no secrets, and learn none.
  const bool is_probe = path == "/livez" || path == "/readyz";
  if (lacks_token && !is_probe) {
    return Error::Unauthenticated("Authorization", "expected the bearer token of http.token_file");
  }
  return std::nullopt;
}

}  // namespace pennon::daemon
