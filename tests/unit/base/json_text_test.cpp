#include "base/json_text.h"

#include <doctest/doctest.h>

namespace pennon::base {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}
std::string Double(double value) {
  std::string out;
  AppendJsonDouble(out, value);
  return out;
}

}  // namespace

TEST_CASE("strings are escaped as JSON demands and otherwise left alone") {
  CHECK(Quoted("a\"b\\c\n\t\r\x01é☃") == "\"a\\\"b\\\\c\\n\\t\\r\\u0001é☃\"");
  CHECK(Quoted(std::string_view("\0", 1)) == "\"\\u0000\"");
  CHECK(Quoted("") == "\"\"");
}

TEST_CASE("an escape is found at every place of a text") {
  for (std::size_t size = 1; size <= 25; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, '\x7f');
      text[at] = '\x1f';
      const std::string before(at, '\x7f');
      const std::string after(size - at - 1, '\x7f');
      CHECK(Quoted(text) == '"' + before + "\\u001f" + after + '"');
      text[at] = '"';
      CHECK(Quoted(text) == '"' + before + "\\\"" + after + '"');
    }
    const std::string plain(size, '\xff');
    CHECK(Quoted(plain) == '"' + plain + '"');
  }
}

TEST_CASE("a double always reads back as one") {
  CHECK(Double(1) == "1.0");
  CHECK(Double(-0.0) == "-0.0");
  CHECK(Double(0.1) == "0.1");
  CHECK(Double(1e300) == "1e+300");
  CHECK(Double(5e-324) == "5e-324");
}

TEST_CASE("an object has commas between its members only") {
  std::string out;
  JsonObject object(out);
  object.String("a", "x").Int("b", -1).Bool("c", true).Raw("d", "[1]");
  object.Close();
  CHECK(out == R"({"a":"x","b":-1,"c":true,"d":[1]})");
}

}  // namespace pennon::base
