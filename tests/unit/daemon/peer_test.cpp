#include <doctest/doctest.h>
#include <unistd.h>

#include "daemon/orders.h"
#include "daemon/peer_rules.h"
#include "daemon/peer_slots.h"
#include "daemon/request_guard.h"

namespace pennon::daemon {
namespace {

constexpr std::uint32_t kSomebody = 4242;

net::Peer PeerOf(std::uint32_t uid, std::uint32_t gid, std::vector<std::uint32_t> groups = {}) {
  return {true, uid, gid, 1, "", std::move(groups)};
}

serving::Grant GrantOf(const base::ScalarMap& rules, const net::Peer& peer) {
  const auto made = PeerRules::Make(rules, "");
  REQUIRE(made.has_value());
  return (*made)->For(peer);
}

std::string ErrorOf(const base::ScalarMap& rules, const std::string& admin_group = "") {
  const auto made = PeerRules::Make(rules, admin_group);
  return made ? "" : made.error().where();
}

std::optional<base::ErrorCode> Refusal(
    std::vector<std::pair<std::string_view, std::string_view>> headers, std::string_view path,
    const BearerTokens& tokens = {}, std::string_view query = "") {
  net::HttpRequest request;
  request.headers = std::move(headers);
  request.query = query;
  const auto refusal =
      RefuseRequest(request, path, Door::kLoopback,
                    !tokens.empty() && FindToken(request, path, tokens) == nullptr);
  return refusal ? std::optional(refusal->code()) : std::nullopt;
}

}  // namespace

TEST_CASE("without rules everybody may use everything, and only some may order") {
  CHECK(GrantOf({}, PeerOf(kSomebody, 1)).MayUse("any"));
  CHECK_FALSE(GrantOf({}, PeerOf(kSomebody, 1)).may_order);
  CHECK(GrantOf({}, PeerOf(0, 1)).may_order);
  CHECK(GrantOf({}, PeerOf(::geteuid(), 1)).may_order);
}

TEST_CASE("a peer may use what any of its rules gives") {
  const base::ScalarMap rules{{"uid:4242", "\"a  b\""}, {"gid:7", "\"c\""}, {"gid:8", "\"*\""}};
  const auto own = GrantOf(rules, PeerOf(kSomebody, 1));
  CHECK(own.MayUse("a"));
  CHECK(own.MayUse("b"));
  CHECK_FALSE(own.MayUse("c"));
  CHECK_FALSE(own.MayUse(""));
  CHECK(GrantOf(rules, PeerOf(kSomebody, 7)).MayUse("c"));
  CHECK(GrantOf(rules, PeerOf(1, 1, {3, 7})).MayUse("c"));
  CHECK(GrantOf(rules, PeerOf(1, 1, {8})).MayUse("z"));
  CHECK(GrantOf(rules, PeerOf(1, 1)).IsEmpty());
  CHECK_FALSE(GrantOf(rules, PeerOf(0, 0)).IsEmpty());
  CHECK_FALSE(GrantOf(rules, PeerOf(0, 0)).MayUse("a"));
  CHECK(GrantOf({{"*", "\"d\""}}, PeerOf(1, 1)).MayUse("d"));
  CHECK(GrantOf({{"user:root", "\"e\""}}, PeerOf(0, 1)).MayUse("e"));
}

TEST_CASE("users and groups may be numbers that no name of this host has") {
  CHECK(GrantOf({{"user:4242", "\"a\""}}, PeerOf(kSomebody, 1)).MayUse("a"));
  CHECK(GrantOf({{"group:4711", "\"b\""}}, PeerOf(1, 4711)).MayUse("b"));
  const auto rules = PeerRules::Make({}, "4711");
  REQUIRE(rules.has_value());
  CHECK((*rules)->For(PeerOf(kSomebody, 1, {4711})).may_order);
  CHECK_FALSE((*rules)->For(PeerOf(kSomebody, 1, {4712})).may_order);
}

TEST_CASE("a rule that cannot be meant is refused, naming it") {
  CHECK(ErrorOf({{"uid:x", "\"a\""}}) == "peers.environments.uid:x");
  CHECK(ErrorOf({{"uid:4294967295", "\"a\""}}) == "peers.environments.uid:4294967295");
  CHECK(ErrorOf({{"somebody", "\"a\""}}) == "peers.environments.somebody");
  CHECK(ErrorOf({{"user:no such user", "\"a\""}}) == "peers.environments.user:no such user");
  CHECK(ErrorOf({{"uid:1", "7"}}) == "peers.environments.uid:1");
  CHECK(ErrorOf({}, "no such group") == "peers.admin_group");
  base::ScalarMap many;
  for (std::size_t i = 0; i < PeerRules::kMaxRules; ++i) many["uid:" + std::to_string(i)] = "\"a\"";
  CHECK(ErrorOf(many) == "");
  many["uid:5000"] = "\"a\"";
  CHECK(ErrorOf(many) == "peers.environments");
}

TEST_CASE("a user has its places and no more, and gives them back") {
  PeerSlots slots(2);
  auto first = slots.Take(1);
  auto second = slots.Take(1);
  CHECK(first != nullptr);
  CHECK(slots.Take(1) == nullptr);
  CHECK(slots.refused() == 1);
  CHECK(slots.Take(2) != nullptr);
  second.reset();
  second = slots.Take(1);
  CHECK(second != nullptr);
  slots.SetLimit(3);
  CHECK(slots.Take(1) != nullptr);
}

TEST_CASE("a browser's request is refused, and one without the token where there is one") {
  const BearerTokens token{{"right", "t1", "a"}, {"other", "t2", "b"}};
  using Code = base::ErrorCode;
  CHECK(Refusal({{"Host", "localhost:1"}}, "/status") == std::nullopt);
  CHECK(Refusal({{"Host", "localhost:123456"}}, "/status") == Code::kForbidden);
  CHECK(Refusal({}, "/status") == Code::kForbidden);
  CHECK(Refusal({{"Host", "localhost"}, {"Host", "localhost"}}, "/status") == Code::kForbidden);
  CHECK(Refusal({{"Host", "localhost"}, {"origin", "null"}}, "/status") == Code::kForbidden);
  CHECK(Refusal({{"Host", "localhost"}, {"Referer", "x"}}, "/livez") == Code::kForbidden);
  CHECK(Refusal({{"Host", "localhost"}}, "/status", token) == Code::kUnauthenticated);
  CHECK(Refusal({{"Host", "localhost"}}, "/readyz", token) == std::nullopt);
  CHECK(Refusal({{"Host", "localhost"}, {"Authorization", "Bearer right"}}, "/", token) ==
        std::nullopt);
  CHECK(Refusal({{"Host", "localhost"}, {"Authorization", "bearer  right"}}, "/", token) ==
        std::nullopt);
  CHECK(Refusal({{"Host", "localhost"}, {"Authorization", "Bearer righ"}}, "/", token) ==
        Code::kUnauthenticated);
  CHECK(Refusal({{"Host", "localhost"}}, "/ofrep/v1/events", token, "since=1&ticket=t1") ==
        std::nullopt);
  CHECK(Refusal({{"Host", "localhost"}}, "/status", token, "ticket=t1") == Code::kUnauthenticated);
}

TEST_CASE("orders are told apart from what nobody knows and from what cannot be done") {
  base::Logger log(base::LogLevel::kOff, base::LogFormat::kLogfmt);
  const auto answer = [](const char* text) {
    return [text] { return base::Result<std::string>(text); };
  };
  Orders orders(nullptr, answer("1"), answer("2"), log);
  CHECK(*orders.Run({"status", "", "", 0}) == "1");
  CHECK(*orders.Run({"reload", "", "", 0}) == "2");
  CHECK(orders.Run({"pin", "", "", 0}).error().code() == base::ErrorCode::kUnavailable);
  CHECK(orders.Run({"burn", "", "", 0}).error().code() == base::ErrorCode::kInvalid);
}

}  // namespace pennon::daemon
