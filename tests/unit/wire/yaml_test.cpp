#include "wire/yaml.h"

#include <doctest/doctest.h>

#include <string>

#include "wire/document.h"
#include "wire/json.h"
#include "wire/limits.h"

namespace pennon::wire {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto value = ReadYaml(text);
  return value ? "" : value.error().Message();
}
std::string AsJson(std::string_view text) {
  const auto value = ReadYaml(text);
  REQUIRE_MESSAGE(value.has_value(), value.error().Message());
  std::string out;
  AppendJson(out, *value);
  return out;
}
bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
std::string Nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

constexpr std::string_view kText = R"(# flags
flags:
  a.b:
    rules:
      - 1
      - when: "x"
      - [ "é", -2.5, true ]
  a: {"k'q": null}
)";

std::string At(std::string_view path) {
  return LineAndColumn(FindYamlPosition(kText, path));
}

}  // namespace

TEST_CASE("plain scalars are what the core schema of YAML 1.2 says") {
  CHECK(AsJson("[true, True, FALSE, on, yes, no, off, y, tRUE]") ==
        R"([true,true,false,"on","yes","no","off","y","tRUE"])");
  CHECK(AsJson("[~, null, Null, NULL, nULL, ]") == R"([null,null,null,null,"nULL"])");
  CHECK(AsJson("a:\nb: ~") == R"({"a":null,"b":null})");
  CHECK(AsJson("[0, -1, +7, 0123, 0x1F, 0o17, 0x, 0b1, 1_000, 12e]") ==
        R"([0,-1,7,123,31,15,"0x","0b1","1_000","12e"])");
  CHECK(AsJson("[9007199254740993, 9223372036854775807, -9223372036854775808]") ==
        "[9007199254740993,9223372036854775807,-9223372036854775808]");
  CHECK(AsJson("[1.0, .5, -1., 1e3, 1.5E-2, +.5e+1]") == "[1.0,0.5,-1.0,1000.0,0.015,5.0]");
  CHECK(AsJson("[2027-01-31, 2027-01-31T12:00:00Z, 12:30:45, 1.2.3, ., -, +, e3, -.e1]") ==
        R"(["2027-01-31","2027-01-31T12:00:00Z","12:30:45","1.2.3",".","-","+","e3","-.e1"])");
}

TEST_CASE("quoted and block scalars are strings") {
  CHECK(AsJson(R"(["1", 'true', "null", '', "a\tb\u00e9"])") ==
        R"(["1","true","null","","a\tbé"])");
  CHECK(AsJson(R"({"a\_": "\_b\N\_", "c": "\L\P\xA0\x85"})") ==
        "{\"a\u00a0\":\"\u00a0b\u0085\u00a0\",\"c\":\"\u2028\u2029\u00a0\u0085\"}");
  CHECK(AsJson("a: |\n  1\n  2\nb: >\n  1\n  2\n") == R"({"a":"1\n2\n","b":"1 2\n"})");
}

TEST_CASE("a quote that is never closed is refused, wherever the text ends") {
  for (const char* quote : {"\"", "'"}) {
    for (const char* end : {"", "\n", "\n\n", "\n  ", "\r\n", "\n# done\n"}) {
      const std::string text = std::string("a: ") + quote + "lost\nb: 1" + end;
      CHECK_MESSAGE(ErrorOf(text) != "", text);
    }
  }
  for (const char* end : {"", "\n", "\n\n", "\n...\n", "\n  "}) {
    CHECK(AsJson(std::string("b: 1\na: \"found\"") + end) == R"({"b":1,"a":"found"})");
  }
  CHECK(AsJson("a: |\n  1") == R"({"a":"1"})");
  CHECK(AsJson("a: |+\n  1\n\n") == R"({"a":"1\n\n"})");
}

TEST_CASE("containers keep the order of the document") {
  CHECK(AsJson("z: 1\na: [{b: {}}, []]\n\"m\": {y: 1, x: 2}\n") ==
        R"({"z":1,"a":[{"b":{}},[]],"m":{"y":1,"x":2}})");
  CHECK(AsJson("- a: 1\n  b: 2\n-\n  - c\n") == R"([{"a":1,"b":2},["c"]])");
  CHECK(AsJson("--- \na: 1\n...\n") == R"({"a":1})");
}

TEST_CASE("what is refused is named with line and column") {
  CHECK(ErrorOf("a: 1\nb: 2\na: 3\n") == "3:1: the key \"a\" is given twice in one object");
  CHECK(ErrorOf("x: {a: 1, \"a\": 2}") == "1:11: the key \"a\" is given twice in one object");
  CHECK(ErrorOf("a: &x 1\n").find("1:") == 0);
  CHECK(Contains(ErrorOf("a: &x [1]\nb: *x\n"), "anchor"));
  CHECK(ErrorOf("a: *x") != "");
  CHECK(Contains(ErrorOf("a: !!str 1"), "tag"));
  CHECK(Contains(ErrorOf("a: !foo {}"), "tag"));
  CHECK(Contains(ErrorOf("!!set [a]"), "tag"));
  for (const char* key : {"1", "true", "~", "1.5", ".nan", "[a]", "{a: 1}", ""}) {
    CHECK_MESSAGE(Contains(ErrorOf("? " + std::string(key) + "\n: 1\n"), "a key is no string"),
                  key);
  }
  CHECK(Contains(ErrorOf("\"a\\0\": 1"), "NUL"));
  CHECK(ErrorOf("a: 1\n---\nb: 2\n").find("2:1: a second document") == 0);
  CHECK(ErrorOf("{a: 1}\nb: 2\n") != "");
  CHECK(ErrorOf("a: [1\n") != "");
  CHECK(ErrorOf("a: 1\n b: 2\n") != "");
  CHECK(ErrorOf("\ta: 1") != "");
  CHECK(Contains(ErrorOf(""), "is empty"));
  CHECK(Contains(ErrorOf("# nothing\n"), "is empty"));
}

TEST_CASE("numbers that cannot be kept exactly are refused in YAML as well") {
  for (const char* number : {"9223372036854775808", "-9223372036854775809", "0x8000000000000000",
                             "1e309", "-1e999", ".inf", "-.INF", "+.Inf", ".nan", ".NaN"}) {
    CHECK_MESSAGE(Contains(ErrorOf("a: " + std::string(number)), "1:4: a number"), number);
  }
  CHECK(AsJson("1e-400") == "0.0");
  CHECK(AsJson("\"1e309\"") == "\"1e309\"");
}

TEST_CASE("bytes that a YAML parser could take for something else are refused") {
  CHECK(Contains(ErrorOf("a: \xff"), "1:4: invalid UTF-8"));
  CHECK(ErrorOf("a: \xed\xa0\x80") != "");
  CHECK(ErrorOf(R"(a: "\ud800")") != "");
  CHECK(ErrorOf("\xef\xbb\xbf"
                "a: 1") != "");
  CHECK(ErrorOf(std::string_view("a: 1\0b: 2", 9)) != "");
  CHECK(ErrorOf("a: 1\n\x04"
                "b: 2") != "");
  CHECK(ErrorOf("a: \x7f") != "");
}

TEST_CASE("aliases that would unfold to gigabytes are refused at the first anchor") {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string last = std::to_string(i - 1);
    const std::string name = std::to_string(i);
    bomb += "a" + name + ": &a" + name + " [*a" + last + ", *a" + last + "]\n";
  }
  CHECK(Contains(ErrorOf(bomb), "1:"));
}

TEST_CASE("YAML nests as deep as JSON, and is refused beyond") {
  CHECK(ErrorOf(Nested(kMaxJsonDepth)) == "");
  CHECK(ErrorOf(Nested(kMaxJsonDepth + 1)) != "");
  CHECK(ErrorOf(std::string(200'000, '[')) != "");
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  CHECK(ErrorOf(dashes) != "");
}

TEST_CASE("a YAML text is read up to its size limit") {
  std::string text = "a: 1\n#";
  text.resize(kMaxYamlBytes, '.');
  CHECK(ErrorOf(text) == "");
  text.push_back('.');
  CHECK(Contains(ErrorOf(text), "longer than"));
}

TEST_CASE("a path leads to its key or element in YAML") {
  CHECK(At("flags") == "2:1");
  CHECK(At("flags.a.b") == "3:3");
  CHECK(At("flags.a.b.rules[0]") == "5:9");
  CHECK(At("flags.a.b.rules[1]") == "6:9");
  CHECK(At("flags.a.b.rules[1].when") == "6:9");
  CHECK(At("flags.a.b.rules[2][0]") == "7:11");
  CHECK(At("flags.a.b.rules[2][1]") == "7:17");  // columns count bytes: é has two
  CHECK(At("flags.a") == "8:3");
  CHECK(At("flags.a.k'q") == "8:7");
  CHECK(At("flags.a.other") == "8:3");
  CHECK(At("nothing") == "1:1");
}

TEST_CASE("a document that begins with a brace is JSON, any other is YAML, with the same meaning") {
  const auto json = ReadDocument(" \n{\"environment\": \"e\", \"flags\": {}}", {});
  const auto yaml = ReadDocument("environment: e\nflags: {}\n", {});
  REQUIRE(json);
  REQUIRE(yaml);
  CHECK(json->set.environment == yaml->set.environment);
  CHECK_FALSE(ReadDocument("{environment: e, flags: {}}", {}));
}

}  // namespace pennon::wire
