#include "serving/evaluation_http.h"

#include "tests/unit/serving/serving_fixture.h"
#include "wire/json.h"

namespace pennon::test {
namespace {

struct HttpFixture : ServingFixture {
  const net::HttpResponse& Ask(std::string_view path, std::string_view body,
                               std::vector<std::pair<std::string_view, std::string_view>> headers,
                               std::string_view query = "") {
    text = std::string(body) + '\0';
    net::HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.query = query;
    request.headers = std::move(headers);
    request.body = {text.data(), body.size()};
    response.Clear();
    REQUIRE(http.Handle(request, serving::HttpCaller{"", true, "", nullptr}, response));
    const auto json = wire::ReadJson(response.body.empty() ? "{}" : response.body);
    REQUIRE(json.has_value());
    answer = *json;
    return response;
  }
  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::string Member(std::string_view name) const {
    const model::Value* const found = answer.Find(name);
    return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "-";
  }

  serving::EvaluationHttp http{service};
  std::string text;
  net::HttpResponse response;
  model::Value answer;
};

constexpr std::string_view kBulk = "/ofrep/v1/evaluate/flags";

}  // namespace

TEST_CASE_FIXTURE(HttpFixture, "a bulk answer's tag does not follow the revision in its stream") {
  Ask(kBulk, "{}", {});
  const std::string tag = Header("ETag");
  CHECK(response.body.find("/ofrep/v1/events?since=0.5-") != std::string::npos);
  published.image = ImageOf(R"({"a":)" + TextFlag("set") + R"(},"segments":{"s":{}})");
  Publish();
  CHECK(Ask(kBulk, "{}", {{"If-None-Match", tag}}).status == 304);
  CHECK(response.body.empty());
  published.image = ImageOf(R"({"a":)" + TextFlag("other") + '}');
  Publish();
  CHECK(Ask(kBulk, "{}", {{"If-None-Match", tag}}).status == 200);
}

TEST_CASE_FIXTURE(HttpFixture,
                  "a provider that was told of a later set is not answered from before") {
  CHECK(Ask(kBulk, "{}", {}, "flagConfigEtag=0.5-1").status == 200);
  CHECK(Ask(kBulk, "{}", {}, "flagConfigEtag=%220.6%22").status == 503);
  CHECK(Header("Retry-After") == "1");
  CHECK(Member("errorCode") == "GENERAL");
}

TEST_CASE_FIXTURE(HttpFixture, "every error names the flag that was asked for") {
  CHECK(Ask("/ofrep/v1/evaluate/flags/a%2Fb", "[", {}).status == 400);
  CHECK(Member("key") == "a/b");
  CHECK(Ask("//ofrep/v1/evaluate/flags/a%2Fb", "{}", {{"Content-Type", "text/html"}}).status ==
        415);
  CHECK(Member("key") == "a/b");
  CHECK(Ask("/ofrep/v1/evaluate/flags/%c3%28", "{}", {}).status == 400);
  CHECK(Member("key") == "");
  const auto both = wire::ReadJson(serving::UnreadableRequestBody(413, "too \"large\""));
  REQUIRE(both.has_value());
  CHECK(*both->Find("key")->AsString() == "");
  CHECK(*both->Find("errorDetails")->AsString() == "too \"large\"");
  CHECK(*both->Find("status")->AsInt() == 413);
}

TEST_CASE("what the host adds yields to the caller, and does not when it is enforced") {
  const serving::HostPairs fixed{
      {"region", "\"eu\""}, {"rack", "7"}, {"load", "0.5"}, {"x", "true"}};
  const serving::HostPairs headers{{"X-User", "\"targetingKey\""}, {"X-Region", "\"region\""}};
  net::HttpRequest request;
  request.headers = {{"x-user", "ann"}, {"x-region", "near"}};
  for (const bool enforce : {false, true}) {
    const auto host = serving::HostContext::Make(fixed, headers, enforce);
    REQUIRE(host.has_value());
    model::Context context;
    (*host)->AddTo(context, nullptr);
    CHECK(context.nodes().size() == 4);
    CHECK(context.Find("region")->text() == "eu");
    CHECK(context.Find("rack")->integer() == 7);
    CHECK(context.Find("load")->number() == 0.5);
    CHECK(context.Find("x")->boolean());
    context.Clear();
    (*host)->AddTo(context, &request);
    CHECK(context.Find("region")->text() == (enforce ? "eu" : "near"));
    CHECK(context.Find("targetingKey")->text() == "ann");
    context.Clear();
    context.AddString("targetingKey", "own");
    context.AddString("region", "mine");
    (*host)->AddTo(context, &request);
    CHECK(context.Find("region")->text() == (enforce ? "eu" : "mine"));
    CHECK(context.Find("targetingKey")->text() == (enforce ? "ann" : "own"));
  }
}

TEST_CASE("what cannot be added to contexts is refused, naming it") {
  CHECK(serving::HostContext::Make({{"a", "[1]"}}, {}, false).error().where() == "context.fixed.a");
  CHECK(serving::HostContext::Make({}, {{"X", "1"}}, false).error().where() == "context.headers.X");
  serving::HostPairs many;
  for (std::size_t i = 0; i < serving::HostContext::kMaxPairs; ++i) many[std::to_string(i)] = "1";
  CHECK(serving::HostContext::Make(many, {}, false).has_value());
  many["more"] = "1";
  CHECK_FALSE(serving::HostContext::Make(many, {}, false).has_value());
}

TEST_CASE_FIXTURE(HttpFixture, "a flag that is named twice is answered once") {
  const auto& answered = Ask("/evaluate", R"({"flags":["gone","a","gone","a"]})", {});
  CHECK(answered.status == 200);
  const model::Value* const evaluations = answer.Find("evaluations");
  REQUIRE(evaluations != nullptr);
  const model::Object& entries = *evaluations->AsObject();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].first == "gone");
  CHECK(entries[1].first == "a");
}

}  // namespace pennon::test
