#include "store/sync_press.h"

#include <new>

namespace pennon::store {

void SyncPress::Start(Tell tell) {
  tell_ = std::move(tell);
  thread_.Start();
}

void SyncPress::Stop() {
  {
    const std::lock_guard lock(mutex_);
    orders_.clear();
  }
  thread_.Stop();
}

bool SyncPress::Post(std::shared_ptr<const SyncBody> body, const Since& since) {
  Order order(body->environment(), since);
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = orders_.try_emplace(order, body);
  if (!is_new) {
    if (place->second->cursor() < body->cursor()) place->second = std::move(body);
    return true;
  }
  if (thread_.Post([this, order = std::move(order)] { Run(order); })) return true;
  orders_.erase(place);
  return false;
}

void SyncPress::Run(const Order& order) {
  Pressed pressed{nullptr, order.second, nullptr};
  {
    const std::lock_guard lock(mutex_);
    const auto found = orders_.find(order);
    if (found == orders_.end()) return;  // it ends
    pressed.body = std::move(found->second);
    orders_.erase(found);
  }
  try {
    // A newer revision may know of less.
    pressed.text = pressed.body->Make(pressed.body->Known(pressed.since));
  } catch (const std::bad_alloc&) {  // null says so, which takes none
  }
  tell_(pressed);
}

}  // namespace pennon::store
