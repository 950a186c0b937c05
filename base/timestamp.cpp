#include "base/timestamp.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace pennon::base {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMaxMillis = 3'000'000'000'000'000;

// Reads fixed numbers of digits and marks; after the first that is not there `ok` is false.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int Digits(std::size_t count, int low, int high) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + Digit();
    if (value < low || value > high) ok_ = false;
    return value;
  }
  int Digit() {
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
      ok_ = false;
      return 0;
    }
    const int digit = rest_.front() - '0';
    rest_.remove_prefix(1);
    return digit;
  }
  /// Passes over one of the characters of `marks`, and returns it.
  char Mark(std::string_view marks) {
    if (rest_.empty() || marks.find(rest_.front()) == std::string_view::npos) {
      ok_ = false;
      return 0;
    }
    const char mark = rest_.front();
    rest_.remove_prefix(1);
    return mark;
  }
  [[nodiscard]] bool Sees(char c) const { return !rest_.empty() && rest_.front() == c; }
  [[nodiscard]] bool SeesDigit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool IsLeapYear(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int DaysOf(int year, int month) {
  constexpr std::array<int, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[static_cast<std::size_t>(month)];
}

// Days since 1970-01-01 in the Gregorian calendar, with years that begin in March (the method of
// Howard Hinnant's "chrono-compatible low-level date algorithms").
std::int64_t DaysSince1970(int year, int month, int day) {
  const int march_year = month <= 2 ? year - 1 : year;
  const int era = (march_year >= 0 ? march_year : march_year - 399) / 400;
  const int year_of_era = march_year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return std::int64_t{era} * 146'097 + day_of_era - 719'468;
}

struct Date {
  std::int64_t year;
  int month;
  int day;
};

std::int64_t FloorDivide(std::int64_t number, std::int64_t by) {
  return number / by - (number % by < 0 ? 1 : 0);
}

// The other way, of the same source. Not std::chrono, whose years have 16 bits.
Date DateOf(std::int64_t days_since_1970) {
  const std::int64_t days = days_since_1970 + 719'468;
  const std::int64_t era = FloorDivide(days, 146'097);
  const auto day_of_era = static_cast<int>(days - era * 146'097);
  const int year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int march_month = (5 * day_of_year + 2) / 153;
  const int month = march_month + (march_month < 10 ? 3 : -9);
  const int day = day_of_year - (153 * march_month + 2) / 5 + 1;
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month, day};
}

std::int64_t Fraction(Scanner& scanner) {
  std::int64_t micros = 0;
  std::int64_t unit = kMicrosPerSecond / 10;
  micros += scanner.Digit() * unit;
  while (scanner.SeesDigit()) {
    unit /= 10;
    micros += scanner.Digit() * unit;
  }
  return micros;
}

// Seconds east of UTC.
int Offset(Scanner& scanner) {
  const char sign = scanner.Mark("Zz+-");
  if (sign != '+' && sign != '-') return 0;
  const int hours = scanner.Digits(2, 0, 23);
  scanner.Mark(":");
  const int seconds = hours * 3600 + scanner.Digits(2, 0, 59) * 60;
  return sign == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::int64_t> ParseTimestamp(std::string_view text) {
  Scanner scanner(text);
  const int year = scanner.Digits(4, 0, 9999);
  scanner.Mark("-");
  const int month = scanner.Digits(2, 1, 12);
  scanner.Mark("-");
  const int day = scanner.Digits(2, 1, 31);
  scanner.Mark("Tt");
  const int hour = scanner.Digits(2, 0, 23);
  scanner.Mark(":");
  const int minute = scanner.Digits(2, 0, 59);
  scanner.Mark(":");
  const int second = scanner.Digits(2, 0, 60);  // a leap second is the beginning of the next one
  std::int64_t micros = 0;
  if (scanner.Sees('.')) {
    scanner.Mark(".");
    micros = Fraction(scanner);
  }
  const int offset = Offset(scanner);
  if (!scanner.ok() || !scanner.AtEnd() || day > DaysOf(year, month)) return std::nullopt;
  const std::int64_t seconds = DaysSince1970(year, month, day) * kSecondsPerDay + hour * 3'600 +
                               minute * 60 + second - offset;
  return seconds * kMicrosPerSecond + micros;
}

std::string FormatTimestamp(std::int64_t micros) {
  if (micros == std::numeric_limits<std::int64_t>::min()) return "always";
  if (micros == std::numeric_limits<std::int64_t>::max()) return "never";
  const std::int64_t seconds = FloorDivide(micros, kMicrosPerSecond);
  const std::int64_t days = FloorDivide(seconds, kSecondsPerDay);
  const Date date = DateOf(days);
  const auto time = static_cast<int>(seconds - days * kSecondsPerDay);
  const std::int64_t rest = micros % kMicrosPerSecond;  // negative before 1970
  const auto fraction = static_cast<int>(rest < 0 ? rest + kMicrosPerSecond : rest);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04lld-%02d-%02dT%02d:%02d:%02d.%06d",
                static_cast<long long>(date.year), date.month, date.day, time / 3'600,
                time / 60 % 60, time % 60, fraction);
  std::string shown(text.data());
  shown.erase(shown.find_last_not_of('0') + 1);
  if (shown.back() == '.') shown.pop_back();
  return shown + 'Z';
}

std::optional<std::int64_t> MicrosOfMillis(double millis) {
  if (!(std::abs(millis) <= static_cast<double>(kMaxMillis))) return std::nullopt;
  return static_cast<std::int64_t>(std::floor(millis * 1000));
}

std::optional<std::int64_t> MicrosOfMillis(std::int64_t millis) {
  if (millis > kMaxMillis || millis < -kMaxMillis) return std::nullopt;
  return millis * 1000;
}

}  // namespace pennon::base
