// What requests take of limits.memory while they wait for the database: connections have given
// theirs back by then.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "net/memory_budget.h"

namespace pennon::store {

/// What a request takes beyond is counted; those that wait are few enough for the rest.
inline constexpr std::size_t kFreeBytes = std::size_t{16} * 1024;

/// Given back with the last copy; must not outlive the budget.
using HeldMemory = std::shared_ptr<void>;

/// None when there is no room for so many bytes.
inline std::optional<HeldMemory> Hold(net::MemoryBudget& budget, std::size_t bytes) {
  if (bytes <= kFreeBytes) return HeldMemory();
  const std::size_t counted = bytes - kFreeBytes;
  if (!budget.Take(counted)) return std::nullopt;
  return HeldMemory(nullptr, [&budget, counted](void*) { budget.Give(counted); });
}

}  // namespace pennon::store
