#include <doctest/doctest.h>

#include "serving/entity_tag.h"
#include "serving/url_path.h"

namespace pennon::serving {

TEST_CASE("percent-encoding is decoded once, and a wrong one refused") {
  CHECK(*PercentDecode("a%20b%2Fc+d") == "a b/c+d");
  CHECK(*PercentDecode("%25%32%30") == "%20");
  CHECK(*PercentDecode("%C3%B8") == "ø");
  for (const char* wrong : {"%", "%2", "%zz", "a%2", "%+1"}) CHECK_FALSE(PercentDecode(wrong));
}

TEST_CASE("an entity tag matches however a client writes it") {
  const std::string tag = EntityTagOf("content");
  const std::string bare = tag.substr(1, tag.size() - 2);
  CHECK(EntityTagOf("other") != tag);
  CHECK(MatchesEntityTag(tag, tag));
  CHECK(MatchesEntityTag("W/" + tag, tag));
  CHECK(MatchesEntityTag("\"x\", " + tag + " ,\"y\"", tag));
  CHECK(MatchesEntityTag(bare, tag));
  CHECK(MatchesEntityTag("*", tag));
  CHECK_FALSE(MatchesEntityTag("", tag));
  CHECK_FALSE(MatchesEntityTag("\"x\"", tag));
  CHECK_FALSE(MatchesEntityTag("\"\"", "\"\""));
}

}  // namespace pennon::serving
