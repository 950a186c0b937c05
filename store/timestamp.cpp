#include "store/timestamp.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace pennon::store {

std::string Timestamp(base::WallMillis at) {
  const auto millis = static_cast<int>(((at % 1000) + 1000) % 1000);
  const std::time_t seconds = (at - millis) / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", millis);
  return std::string(text.data(), size) + fraction.data();
}

}  // namespace pennon::store
