#include "wire/json.h"

#include <doctest/doctest.h>

#include <string>

namespace pennon::wire {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto value = ReadJson(text);
  return value ? "" : value.error().Message();
}
std::string RoundTrip(std::string_view text) {
  std::string out;
  AppendJson(out, *ReadJson(text));
  return out;
}
std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("values come through exactly") {
  for (const char* text :
       {"null", "true", "[]", "{}", "\"\"", "0", "-1", "9007199254740993", "9223372036854775807",
        "-9223372036854775808", "1.0", "0.1", "1e+300", R"({"b":1,"a":[{"c":"é☃\n"}]})"}) {
    CHECK(RoundTrip(text) == text);
  }
  CHECK(RoundTrip("1e5") == "1e+05");
  CHECK(RoundTrip("-0") == "0");
  CHECK(RoundTrip(" \n[ 1 , 2 ]\t") == "[1,2]");
  CHECK(RoundTrip(R"("\u00e9\ud83d\ude00")") == "\"é😀\"");
}

TEST_CASE("what is wrong is named with line and column") {
  CHECK(ErrorOf("{\n  \"a\": 1,\n  \"a\": 2\n}").find("4:") == 0);
  CHECK(ErrorOf("{\"a\":1,\"a\":2}").find("\"a\" is given twice") != std::string::npos);
  CHECK(ErrorOf("[1,\n  x]").find("2:3: ") == 0);
  CHECK(ErrorOf("").find("is empty") != std::string::npos);
  CHECK(ErrorOf("{} x") != "");
  CHECK(ErrorOf("[1") != "");
  CHECK(ErrorOf(std::string_view("[1]\0x", 5)).find("NUL") != std::string::npos);
  CHECK(ErrorOf(R"({"a\u0000b":1})").find("NUL") != std::string::npos);
  CHECK(ErrorOf("\xef\xbb\xbf{}") != "");
}

TEST_CASE("numbers that cannot be kept exactly are refused") {
  CHECK(ErrorOf("9223372036854775808").find("2^63") != std::string::npos);
  CHECK(ErrorOf("18446744073709551616") != "");
  CHECK(ErrorOf("1e309") != "");
  CHECK(ErrorOf("NaN") != "");
  CHECK(ErrorOf("Infinity") != "");
}

TEST_CASE("numbers of any length are read, too small ones as 0") {
  const std::string tiny = "0." + std::string(400, '0') + std::string(200, '1');
  for (const std::string& text : {tiny, std::string("1e-400"), "-" + tiny + "e-99"}) {
    const auto value = ReadJson(text);
    REQUIRE(value);
    CHECK(*value->AsDouble() == 0);
  }
  CHECK(*ReadJson("0." + std::string(300, '0') + "1")->AsDouble() == 1e-301);
  CHECK(*ReadJson(std::string(300, '9') + ".5")->AsDouble() == 1e300);
  CHECK(ErrorOf(std::string(5, '9') + "e308") != "");
}

TEST_CASE("an escape of half a character is refused, in values and in keys") {
  CHECK(ErrorOf(R"("\ude00")") != "");
  CHECK(ErrorOf(R"("\ud83d")") != "");
  CHECK(ErrorOf(R"(["a", "\u00e9\udc00"])").find("half of a surrogate pair") != std::string::npos);
  CHECK(ErrorOf(R"({"\udfff":1})").find("half of a surrogate pair") != std::string::npos);
  CHECK(ErrorOf(R"("\ud7ff\ue000")") == "");
}

TEST_CASE("text that is not UTF-8 is refused") {
  CHECK(ErrorOf("\"\xff\"") != "");
  CHECK(ErrorOf("\"\xc0\xaf\"") != "");
  CHECK(ErrorOf("\"\xed\xa0\x80\"") != "");
  CHECK(ErrorOf(R"("\ud800")") != "");
}

TEST_CASE("nesting is read to its limit and refused beyond, without recursion") {
  CHECK(ErrorOf(Nested(kMaxJsonDepth)) == "");
  CHECK(ErrorOf(Nested(kMaxJsonDepth + 1)) != "");
  CHECK(ErrorOf(std::string(2'000'000, '[')) != "");
}

TEST_CASE("members of the root's objects are offered in order, and null is left of those taken") {
  std::string offered;
  const MemberTaker take = [&](const std::string& owner, const std::string& key,
                               const model::Value& member) {
    offered += owner + '/' + key + '=';
    AppendJson(offered, member);
    offered += ' ';
    return owner == "a";
  };
  const auto rest = ReadJson(
      R"({"x":1,"a":{"b":{"c":{"d":1}},"":[2]},"list":[3,{"e":4}],"o":{"p":5},"z":{}})", take);
  REQUIRE(rest);
  CHECK(offered == R"(a/b={"c":{"d":1}} a/=[2] o/p=5 )");
  std::string left;
  AppendJson(left, *rest);
  CHECK(left == R"({"x":1,"a":{"b":null,"":null},"list":[3,{"e":4}],"o":{"p":5},"z":{}})");

  offered.clear();
  REQUIRE(ReadJson(R"([{"a":{"b":1}},[2]])", take));
  CHECK(offered.empty());
  CHECK_FALSE(ReadJson(R"({"a":{"b":1,"b":1}})", take));
  CHECK_FALSE(ReadJson(R"({"a":{"b":1},"a":{}})", take));
  CHECK_FALSE(ReadJson(R"({"a":{"b":1)", take));
}

}  // namespace pennon::wire
