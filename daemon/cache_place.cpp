#include "daemon/cache_place.h"

#include <linux/magic.h>
#include <sys/vfs.h>

namespace pennon::daemon {
namespace {

constexpr std::string_view kMemory =
    "is memory, and gone when the host or the pod restarts; use a disk";
constexpr std::string_view kContainer =
    "is the container's own layer, and gone when it is replaced; use a volume";
constexpr std::string_view kNetwork =
    "locks and syncs no better than a server or program behind it; use a local disk";

// Not in every version of linux/magic.h.
constexpr std::int64_t kCifs = 0xFF534D42;
constexpr std::int64_t kSmb2 = 0xFE534D42;

}  // namespace

std::optional<PlaceRisk> RiskOf(std::int64_t file_system) {
  switch (file_system) {
    case TMPFS_MAGIC:
      return PlaceRisk{"tmpfs", kMemory};
    case RAMFS_MAGIC:
      return PlaceRisk{"ramfs", kMemory};
    case OVERLAYFS_SUPER_MAGIC:
      return PlaceRisk{"overlay", kContainer};
    case NFS_SUPER_MAGIC:
      return PlaceRisk{"nfs", kNetwork};
    case kCifs:
      return PlaceRisk{"cifs", kNetwork};
    case kSmb2:
      return PlaceRisk{"smb2", kNetwork};
    case SMB_SUPER_MAGIC:
      return PlaceRisk{"smb", kNetwork};
    case CEPH_SUPER_MAGIC:
      return PlaceRisk{"ceph", kNetwork};
    case AFS_SUPER_MAGIC:
      return PlaceRisk{"afs", kNetwork};
    case V9FS_MAGIC:
      return PlaceRisk{"9p", kNetwork};
    case FUSE_SUPER_MAGIC:
      return PlaceRisk{"fuse", kNetwork};
    default:
      return std::nullopt;
  }
}

std::optional<PlaceRisk> RiskOfPlace(const std::string& path) {
  struct statfs info {};
  if (::statfs(path.c_str(), &info) != 0) return std::nullopt;
  // Some kinds are 32 bits with the highest set, which f_type may hold as a negative number.
  return RiskOf(static_cast<std::int64_t>(static_cast<std::uint32_t>(info.f_type)));
}

}  // namespace pennon::daemon
