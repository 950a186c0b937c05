#include "base/url.h"

namespace pennon::base {
namespace {

constexpr std::string_view kHidden = "***";

// Where the host begins, and where the user ends that may be written before it.
struct Place {
  std::size_t host = 0;
  std::size_t user_end = 0;  // the `@`; the host when there is no user
};

Place PlaceIn(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t at = url.substr(host, url.find_first_of("/?#", host) - host).rfind('@');
  return {host, at == std::string_view::npos ? host : host + at};
}

}  // namespace

std::string WithoutUser(std::string_view url) {
  const Place place = PlaceIn(url);
  std::string text(url.substr(0, place.host));
  return text.append(url.substr(place.user_end + (place.user_end > place.host ? 1 : 0)));
}

std::string WithoutCredentials(std::string_view url) {
  return WithoutUser(url.substr(0, url.find_first_of("?#")));
}

std::string Masked(std::string_view url) {
  if (url.find("://") == std::string_view::npos) return std::string(url);
  const Place place = PlaceIn(url);
  const std::size_t query = url.find('?', place.host);
  std::string text(url.substr(0, place.host));
  if (place.user_end > place.host) text += kHidden;
  text += url.substr(place.user_end, query - place.user_end);
  if (query != std::string_view::npos) text.append("?").append(kHidden);
  return text;
}

}  // namespace pennon::base
