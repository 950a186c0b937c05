// Where a cache lies: its place may be one that keeps nothing, or no locks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::daemon {

/// A kind of file system that a cache had better not lie on, and why.
struct PlaceRisk {
  std::string_view file_system;  // "tmpfs"
  std::string_view reason;       // what may happen, and what to do
};

/// Of a file system by its number in linux/magic.h; none when it keeps files, as far as is known.
std::optional<PlaceRisk> RiskOf(std::int64_t file_system);

/// Of the file system that has `path`, which exists; none also when the kernel does not say.
std::optional<PlaceRisk> RiskOfPlace(const std::string& path);

}  // namespace pennon::daemon
