#include "daemon/publisher.h"

#include <utility>

namespace pennon::daemon {

void Publisher::Publish(std::shared_ptr<const serving::Published> published) {
  if (current_ != nullptr) retired_.push_back(std::move(current_));
  current_ = std::move(published);
  for (std::size_t i = 0; i < services_.size(); ++i) {
    pool_.Post(i, [service = services_[i], next = current_] { service->Publish(next); });
  }
  FreeRetired();
}

void Publisher::FreeRetired() {
  std::erase_if(retired_, [](const auto& published) { return published.use_count() == 1; });
}

}  // namespace pennon::daemon
