#include "base/url.h"

#include <doctest/doctest.h>

namespace pennon::base {

TEST_CASE("an address is told without what in it may be secret") {
  CHECK(WithoutCredentials("https://u:p@h:1/x/y?sig=s#f") == "https://h:1/x/y");
  CHECK(WithoutCredentials("http://h") == "http://h");
  CHECK(WithoutCredentials("http://h/a@b") == "http://h/a@b");
  CHECK(WithoutUser("https://u:p@h:1/x/y?sig=a@b#f") == "https://h:1/x/y?sig=a@b#f");
  CHECK(WithoutUser("http://h?a@b") == "http://h?a@b");
  CHECK(WithoutUser("postgres://u:se@cret@h/d") == "postgres://h/d");
}

TEST_CASE("what is secret in an address is marked for people, and no file is taken for one") {
  CHECK(Masked("http://user:secret@h:1/a@b?sig=secret") == "http://***@h:1/a@b?***");
  CHECK(Masked("postgres://u:se@cret@h/d") == "postgres://***@h/d");
  CHECK(Masked("http://h/?token=secret") == "http://h/?***");
  CHECK(Masked("http://h") == "http://h");
  CHECK(Masked("/etc/a?b@c") == "/etc/a?b@c");
}

}  // namespace pennon::base
