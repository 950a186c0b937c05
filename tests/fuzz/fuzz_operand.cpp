// Reads lines as the other operands that have a text: ranges of addresses and instants. What is
// written out again is the same range and the same instant.
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/timestamp.h"
#include "engine/ip_range.h"

namespace {

using namespace pennon;

constexpr std::int64_t kFirstMicros = -62'167'219'200'000'000;  // of the year 0
constexpr std::int64_t kEndMicros = 253'402'300'800'000'000;    // of the year 9999
constexpr double kMicrosPerYear = 365.2425 * 86'400e6;

void CheckRange(std::string_view text, std::string_view other) {
  const auto range = engine::ParseIpRange(text);
  if (!range) return;
  if (!range->Contains(range->address)) __builtin_trap();
  std::string packed(range->address.begin(), range->address.end());
  packed += static_cast<char>(range->bits);
  const auto again = engine::ParseIpRange(engine::IpRangeText(packed));
  if (!again || again->address != range->address || again->bits != range->bits) __builtin_trap();
  // The addresses of a range within another are in both.
  const auto inner = engine::ParseIpRange(other);
  if (!inner || inner->bits < range->bits || !range->Contains(inner->address)) return;
  auto last = inner->address;
  if (inner->bits < 128) last[15] ^= 1U;
  if (!inner->Contains(last) || !range->Contains(last)) __builtin_trap();
}

void CheckInstant(std::string_view text) {
  const auto micros = base::ParseTimestamp(text);
  if (!micros || *micros < kFirstMicros || *micros >= kEndMicros) return;
  if (base::ParseTimestamp(base::FormatTimestamp(*micros)) != micros) __builtin_trap();
}

// Any instant that an image can hold is shown with its year.
void CheckShown(std::int64_t micros) {
  const std::string text = base::FormatTimestamp(micros);
  if (text == "always" || text == "never") return;
  const double year = 1970 + static_cast<double>(micros) / kMicrosPerYear;
  if (std::abs(std::strtod(text.c_str(), nullptr) - year) > 2) __builtin_trap();
}

void CheckMillis(double millis) {
  const auto micros = base::MicrosOfMillis(millis);
  if (!micros) return;
  CheckShown(*micros);
  const auto later = base::MicrosOfMillis(millis + 1);
  if (later && *later < *micros) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), size);
  const std::string_view first = text.substr(0, end);
  const std::string_view second = text.substr(std::min(end + 1, size));
  CheckRange(first, second);
  CheckInstant(first);
  if (size < sizeof(std::int64_t)) return 0;
  std::int64_t bits = 0;
  std::memcpy(&bits, data, sizeof(bits));
  CheckShown(bits);
  double millis = 0;
  std::memcpy(&millis, data, sizeof(millis));
  CheckMillis(millis);
  return 0;
}
