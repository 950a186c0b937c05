#include "base/error.h"

#include <doctest/doctest.h>

namespace pennon::base {

TEST_CASE("an error's place is put together from the outside in") {
  const Error error = Error::Invalid("weights", "sum is 0");
  CHECK(error.Within("rules[2]").Within("flags.checkout").Message() ==
        "flags.checkout.rules[2].weights: sum is 0");
  CHECK(Error::Invalid("[3]", "is null").Within("values").where() == "values[3]");
  CHECK(Error::Invalid("3:7", "bad").Within("flags.json").where() == "flags.json:3:7");
  CHECK(Error::Invalid("", "is empty").Within("body").Message() == "body: is empty");
  CHECK(Error::Invalid("", "is empty").Message() == "is empty");
}

TEST_CASE("every kind of error has its HTTP status and name") {
  CHECK(HttpStatus(ErrorCode::kInvalid) == 400);
  CHECK(HttpStatus(ErrorCode::kLimit) == 413);
  CHECK(HttpStatus(ErrorCode::kInternal) == 500);
  CHECK(Name(ErrorCode::kNotFound) == "not-found");
}

}  // namespace pennon::base
