#include "daemon/change_feed.h"

#include <algorithm>
#include <utility>

namespace pennon::daemon {
namespace {

using Subscribers = std::vector<std::shared_ptr<serving::Subscriber>>;

serving::Change ChangeTo(const serving::Published& published) {
  serving::Change change;
  change.source = published.source;
  if (published.image == nullptr) return change;
  change.version = published.image->version();
  change.epoch = published.image->snapshot().epoch();
  change.revision = published.image->snapshot().revision();
  return change;
}

void DropClosed(Subscribers& subscribers) {
  std::erase_if(subscribers, [](const auto& one) { return !one->is_open(); });
}

}  // namespace

ChangeFeed::Environment& ChangeFeed::Of(const std::string& environment) {
  Environment& found = environments_[environment];
  found.at_worker.resize(workers_);
  return found;
}

void ChangeFeed::OnPublished(std::size_t index,
                             const std::shared_ptr<const serving::Published>& published) {
  Environment& environment = Of(published->environment);
  serving::Change change = ChangeTo(*published);
  environment.at_worker[index] = change.version;
  const bool is_everywhere =
      std::all_of(environment.at_worker.begin(), environment.at_worker.end(),
                  [&](const std::string& version) { return version == change.version; });
  if (!is_everywhere) return;
  const bool is_new = change.version != environment.current.version;
  environment.current = std::move(change);
  if (!is_new) return;
  ++environment.changes;
  TellSoon(environment);
}

void ChangeFeed::TellSoon(Environment& environment) {
  if (environment.is_timed) return;
  Tell(environment);
  environment.is_timed = true;
  environment.timer = control_.After(kCoalesceMillis, [this, &environment] {
    environment.is_timed = false;
    if (environment.told != environment.changes) TellSoon(environment);
  });
}

void ChangeFeed::Tell(Environment& environment) {
  environment.told = environment.changes;
  DropClosed(environment.subscribers);
  for (const auto& subscriber : environment.subscribers) subscriber->Tell(environment.current);
  told_ += environment.subscribers.size();
}

void ChangeFeed::Subscribe(const std::string& environment, const std::string& known,
                           bool tell_always, std::shared_ptr<serving::Subscriber> subscriber) {
  if (has_ended_) return subscriber->End();
  Environment& found = Of(environment);
  if (known != found.current.version && (tell_always || !known.empty())) {
    subscriber->Tell(found.current);
    ++told_;
  } else if (tell_always) {
    subscriber->Beat(found.current);
  }
  found.subscribers.push_back(std::move(subscriber));
}

void ChangeFeed::Beat() {
  for (auto& [name, environment] : environments_) {
    DropClosed(environment.subscribers);
    for (const auto& subscriber : environment.subscribers) subscriber->Beat(environment.current);
  }
  ScheduleBeat();
}

void ChangeFeed::ScheduleBeat() {
  beat_ = control_.After(kBeatMillis, [this] { Beat(); });
}

void ChangeFeed::End() {
  has_ended_ = true;
  for (auto& [name, environment] : environments_) {
    for (const auto& subscriber : environment.subscribers) subscriber->End();
    environment.subscribers.clear();
  }
}

std::size_t ChangeFeed::size() const {
  std::size_t size = 0;
  for (const auto& [name, environment] : environments_) {
    size += static_cast<std::size_t>(std::count_if(environment.subscribers.begin(),
                                                   environment.subscribers.end(),
                                                   [](const auto& one) { return one->is_open(); }));
  }
  return size;
}

}  // namespace pennon::daemon
