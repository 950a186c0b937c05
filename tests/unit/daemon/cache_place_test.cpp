#include "daemon/cache_place.h"

#include <doctest/doctest.h>

namespace pennon::daemon {

TEST_CASE("file systems that keep nothing, or lock for others, are told from disks") {
  const auto name = [](std::int64_t number) {
    const auto risk = RiskOf(number);
    return risk ? risk->file_system : std::string_view();
  };
  CHECK(name(0x01021994) == "tmpfs");
  CHECK(name(0x794c7630) == "overlay");
  CHECK(name(0x6969) == "nfs");
  CHECK(name(0xFF534D42) == "cifs");
  CHECK(name(0x65735546) == "fuse");
  CHECK(name(0xEF53) == "");      // ext4
  CHECK(name(0x58465342) == "");  // xfs
  CHECK(name(0x9123683E) == "");  // btrfs
  CHECK(name(0) == "");
}

TEST_CASE("the file system of a place is looked up, and of no place nothing is said") {
  const auto shared_memory = RiskOfPlace("/dev/shm");
  CHECK((shared_memory ? shared_memory->file_system : "") == "tmpfs");
  CHECK_FALSE(RiskOfPlace("/proc"));
  CHECK_FALSE(RiskOfPlace("/no/such/place"));
}

}  // namespace pennon::daemon
