#include "base/boxed.h"

#include <doctest/doctest.h>

#include <string>

namespace pennon::base {

TEST_CASE("a box holds a value of its own, or none") {
  Boxed<std::string> first(std::string("one"));
  Boxed<std::string> second = first;
  second.emplace() = "two";
  CHECK(*first == "one");
  CHECK_FALSE(first == second);
  second = first;
  CHECK(first == second);
  CHECK(&*first != &*second);
  second = {};
  CHECK_FALSE(second);
  CHECK_FALSE(first == second);
  CHECK(second == Boxed<std::string>());
}

}  // namespace pennon::base
