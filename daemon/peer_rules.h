// Which user of this host may do what, by the credentials that the kernel gives of a connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/settings.h"
#include "net/stream_protocol.h"
#include "serving/grant.h"

namespace pennon::daemon {

/// Immutable; shared by all workers.
class PeerRules {
 public:
  static constexpr std::size_t kMaxRules = 1'000;

  /// `environments` maps whom (`uid:1000`, `user:web`, `gid:33`, `group:www`, `*`) to the names of
  /// environments, separated by spaces, or `*` for all of them. Without any rule whoever can
  /// connect may use every environment. Names are looked up here, once. `admin_group` may give
  /// orders, and so may root and this process's own user, whatever the rules say; "": nobody else.
  static base::Result<std::shared_ptr<const PeerRules>> Make(const base::ScalarMap& environments,
                                                             const std::string& admin_group);

  /// What the peer of a Unix socket may do: all that any rule gives to it.
  [[nodiscard]] serving::Grant For(const net::Peer& peer) const;

 private:
  enum class Whom : std::uint8_t { kUser, kGroup, kEverybody };
  struct Rule {
    Whom whom = Whom::kEverybody;
    std::uint32_t id = 0;
    bool every_environment = false;
    std::vector<std::string> environments;
  };
  static base::Result<Rule> ParseWhom(const std::string& text);
  static bool Applies(const Rule& rule, const net::Peer& peer);

  std::vector<Rule> rules_;
  bool has_admin_group_ = false;
  std::uint32_t admin_group_ = 0;
  std::uint32_t own_uid_ = 0;
};

}  // namespace pennon::daemon
