#include "daemon/usage_counter.h"

#include <algorithm>
#include <utility>

namespace pennon::daemon {
namespace {

constexpr std::size_t kFirstSlots = 256;

std::size_t Hash(std::uint32_t flag, const char* variant, model::Reason reason) {
  std::uint64_t word = reinterpret_cast<std::uintptr_t>(variant) ^ (std::uint64_t{flag} << 32U);
  word += static_cast<std::uint64_t>(reason);
  word *= 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>(word >> 20U);
}

}  // namespace

void UsageCounter::Count(const serving::Published& published, engine::FlagHandle flag,
                         std::string_view variant, model::Reason reason, std::uint64_t times) {
  if (times == 0) return;
  if (published.image != table_.image) Begin(published);
  UsageTable::Slot& slot = Find(flag.offset, variant, reason);
  const std::uint64_t before = slot.evaluations;
  slot.evaluations = std::min(before + times, kMaxUsageCount);
  if (before != 0) return;
  slot.flag = flag.offset;
  slot.variant = variant.data();
  slot.variant_size = static_cast<std::uint32_t>(variant.size());
  slot.reason = reason;
  if (++table_.used * 2 > table_.slots.size()) Grow();
}

// Variants are told apart by their place: one text may have several, which adds up later.
UsageTable::Slot& UsageCounter::Find(std::uint32_t flag, std::string_view variant,
                                     model::Reason reason) {
  const std::size_t mask = table_.slots.size() - 1;
  for (std::size_t at = Hash(flag, variant.data(), reason);; ++at) {
    UsageTable::Slot& slot = table_.slots[at & mask];
    if (slot.evaluations == 0 ||
        (slot.flag == flag && slot.variant == variant.data() && slot.reason == reason)) {
      return slot;
    }
  }
}

[[gnu::noinline]] void UsageCounter::Begin(const serving::Published& published) {
  Flush();
  table_.image = published.image;
  table_.slots.resize(kFirstSlots);
}

[[gnu::noinline]] void UsageCounter::Grow() {
  const auto before = std::exchange(table_.slots, {});
  table_.slots.resize(before.size() * 2);
  for (const UsageTable::Slot& slot : before) {
    if (slot.evaluations != 0)
      Find(slot.flag, {slot.variant, slot.variant_size}, slot.reason) = slot;
  }
}

void UsageCounter::Flush() {
  UsageTable table = std::exchange(table_, {});
  if (table.used > 0) hand_over_(std::move(table));
}

}  // namespace pennon::daemon
