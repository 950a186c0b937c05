#include "daemon/peer_rules.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/account.h"
#include "wire/json.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

bool IsIn(const net::Peer& peer, std::uint32_t gid) {
  return peer.gid == gid ||
         std::find(peer.groups.begin(), peer.groups.end(), gid) != peer.groups.end();
}

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

Result<PeerRules::Rule> PeerRules::ParseWhom(const std::string& text) {
  if (text == "*") return Rule{};
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool is_user = kind == "uid" || kind == "user";
  if (!is_user && kind != "gid" && kind != "group") {
    return Fail(Error::Invalid("", "expected uid:, user:, gid:, group: or *"));
  }
  const auto id = kind == "user"    ? base::UserId(name)
                  : kind == "group" ? base::GroupId(name)
                                    : base::ParseAccountNumber(name);
  if (!id) return Fail(id.error());
  Rule rule;
  rule.whom = is_user ? Whom::kUser : Whom::kGroup;
  rule.id = *id;
  return rule;
}

Result<std::shared_ptr<const PeerRules>> PeerRules::Make(const base::ScalarMap& environments,
                                                         const std::string& admin_group) {
  if (environments.size() > kMaxRules) {
    return Fail(Error::Limit("peers.environments", "has more than 1000 rules"));
  }
  auto rules = std::make_shared<PeerRules>();
  rules->own_uid_ = ::geteuid();
  for (const auto& [whom, json] : environments) {
    const std::string where = "peers.environments." + whom;
    auto rule = ParseWhom(whom);
    if (!rule) return Fail(rule.error().Within(where));
    const auto value = wire::ReadJson(json);
    const std::string* const names = value ? value->AsString() : nullptr;
    if (names == nullptr) {
      return Fail(Error::Invalid(where, "expected names of environments, or \"*\""));
    }
    rule->environments = Words(*names);
    rule->every_environment = *names == "*";
    rules->rules_.push_back(std::move(*rule));
  }
  if (!admin_group.empty()) {
    const auto gid = base::GroupId(admin_group);
    if (!gid) return Fail(gid.error().Within("peers.admin_group"));
    rules->has_admin_group_ = true;
    rules->admin_group_ = *gid;
  }
  return rules;
}

bool PeerRules::Applies(const Rule& rule, const net::Peer& peer) {
  switch (rule.whom) {
    case Whom::kUser:
      return peer.uid == rule.id;
    case Whom::kGroup:
      return IsIn(peer, rule.id);
    case Whom::kEverybody:
      break;
  }
  return true;
}

serving::Grant PeerRules::For(const net::Peer& peer) const {
  serving::Grant grant;
  grant.uid = peer.uid;
  grant.may_order =
      peer.uid == 0 || peer.uid == own_uid_ || (has_admin_group_ && IsIn(peer, admin_group_));
  grant.every_environment = rules_.empty();
  for (const Rule& rule : rules_) {
    if (!Applies(rule, peer)) continue;
    grant.every_environment = grant.every_environment || rule.every_environment;
    grant.environments.insert(grant.environments.end(), rule.environments.begin(),
                              rule.environments.end());
  }
  return grant;
}

}  // namespace pennon::daemon
