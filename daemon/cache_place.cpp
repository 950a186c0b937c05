#include "daemon/cache_place.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

namespace pennon::daemon {
namespace {

constexpr std::string_view kMemory =
    "is memory, and gone when the host or the pod restarts; use a disk";
constexpr std::string_view kContainer =
    "is the container's own layer, and gone when it is replaced; use a volume";
constexpr std::string_view kNetwork =
    "locks and syncs no better than a server or program behind it; use a local disk";

struct Kind {
  std::int64_t number;
  PlaceRisk risk;
};
constexpr std::array kKinds = {
    Kind{TMPFS_MAGIC, {"tmpfs", kMemory}},
    Kind{RAMFS_MAGIC, {"ramfs", kMemory}},
    Kind{OVERLAYFS_SUPER_MAGIC, {"overlay", kContainer}},
    Kind{NFS_SUPER_MAGIC, {"nfs", kNetwork}},
    Kind{0xFF534D42, {"cifs", kNetwork}},  // not in every version of linux/magic.h
    Kind{0xFE534D42, {"smb2", kNetwork}},
    Kind{SMB_SUPER_MAGIC, {"smb", kNetwork}},
    Kind{CEPH_SUPER_MAGIC, {"ceph", kNetwork}},
    Kind{AFS_SUPER_MAGIC, {"afs", kNetwork}},
    Kind{V9FS_MAGIC, {"9p", kNetwork}},
    Kind{FUSE_SUPER_MAGIC, {"fuse", kNetwork}},
};

}  // namespace

std::optional<PlaceRisk> RiskOf(std::int64_t file_system) {
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(),
                   [file_system](const Kind& kind) { return kind.number == file_system; });
  return found == kKinds.end() ? std::nullopt : std::optional(found->risk);
}

std::optional<PlaceRisk> RiskOfPlace(const std::string& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return std::nullopt;
  // Some kinds are 32 bits with the highest set, which f_type may hold as a negative number.
  return RiskOf(static_cast<std::int64_t>(static_cast<std::uint32_t>(info.f_type)));
}

}  // namespace pennon::daemon
