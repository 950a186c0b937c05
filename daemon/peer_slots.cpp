#include "daemon/peer_slots.h"

namespace pennon::daemon {

std::unique_ptr<PeerSlots::Slot> PeerSlots::Take(std::uint32_t uid) {
  const std::lock_guard lock(mutex_);
  std::size_t& open = open_[uid];
  if (open >= each_) {
    ++refused_;
    return nullptr;
  }
  ++open;
  return std::make_unique<Slot>(*this, uid);
}

void PeerSlots::Release(std::uint32_t uid) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(uid);
  if (--found->second == 0) open_.erase(found);
}

void PeerSlots::SetLimit(std::size_t each) {
  const std::lock_guard lock(mutex_);
  each_ = each;
}

std::uint64_t PeerSlots::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace pennon::daemon
