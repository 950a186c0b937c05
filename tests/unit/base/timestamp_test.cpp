// Instants as text: every one that 64 bits of microseconds can hold is shown.
#include "base/timestamp.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace pennon::base {

TEST_CASE("an instant is shown with as many digits as it has, on both sides of 1970") {
  CHECK(FormatTimestamp(0) == "1970-01-01T00:00:00Z");
  CHECK(FormatTimestamp(-1) == "1969-12-31T23:59:59.999999Z");
  CHECK(FormatTimestamp(*ParseTimestamp("2028-02-29T13:04:05.06Z")) == "2028-02-29T13:04:05.06Z");
  CHECK(FormatTimestamp(*ParseTimestamp("1900-03-01T00:00:00+01:00")) == "1900-02-28T23:00:00Z");
  CHECK(FormatTimestamp(*ParseTimestamp("0000-01-01T00:00:00Z")) == "0000-01-01T00:00:00Z");
  CHECK(FormatTimestamp(*ParseTimestamp("9999-12-31T23:59:59.9Z")) == "9999-12-31T23:59:59.9Z");
}

TEST_CASE("years of more than 16 bits are shown") {
  CHECK(FormatTimestamp(*MicrosOfMillis(std::int64_t{3'000'000'000'000'000})) ==
        "97036-03-20T05:20:00Z");
  CHECK(FormatTimestamp(*MicrosOfMillis(std::int64_t{-3'000'000'000'000'000})) ==
        "-93097-10-14T18:40:00Z");
}

TEST_CASE("the first and the last instant that have a date are shown") {
  CHECK(FormatTimestamp(INT64_MIN + 1) == "-290308-12-21T19:59:05.224193Z");
  CHECK(FormatTimestamp(INT64_MAX - 1) == "294247-01-10T04:00:54.775806Z");
}

}  // namespace pennon::base
