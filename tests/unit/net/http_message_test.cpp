// Requests and responses as plain structs.
#include "net/http_message.h"

#include <doctest/doctest.h>

#include "tests/unit/net/header_count.h"

namespace pennon::net {
namespace {

TEST_CASE("headers are found whatever the case of their name; the first of a name counts") {
  HttpRequest request;
  request.headers = {{"Host", "a"}, {"hOST", "b"}, {"X-Empty", ""}};
  CHECK(request.Header("host") == "a");
  CHECK(CountHeader(request, "HOST") == 2);
  CHECK(request.Header("X-Empty").empty());
  CHECK(CountHeader(request, "X-Empty") == 1);
  CHECK(request.Header("Hos").empty());
  CHECK(CountHeader(request, "Hosts") == 0);
}

TEST_CASE("the type of a body is JSON in any case, and when it is not said") {
  const auto may_be_json = [](std::string_view type) {
    HttpRequest request;
    if (!type.empty()) request.headers = {{"content-type", type}};
    return request.MayBeJson();
  };
  CHECK(may_be_json(""));
  CHECK(may_be_json("application/json"));
  CHECK(may_be_json("Application/JSON; charset=utf-8"));
  CHECK(may_be_json("application/merge-patch+json"));
  CHECK_FALSE(may_be_json("text/plain; a=json"));
  CHECK_FALSE(may_be_json("application/jso"));
}

TEST_CASE("a cleared response is an empty 200 again") {
  HttpResponse response{404, "text/plain", {{"Allow", "GET"}}, "A: b\r\n", "gone", true};
  response.Clear();
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
  CHECK(response.headers.empty());
  CHECK(response.header_lines.empty());
  CHECK(response.body.empty());
  CHECK_FALSE(response.close);
}

}  // namespace
}  // namespace pennon::net
