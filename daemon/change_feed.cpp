#include "daemon/change_feed.h"

#include <algorithm>
#include <iterator>
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

// The flags that `next` changes, and those that `before` has changed without anybody being told;
// null when that is not known or too many.
std::shared_ptr<const std::vector<std::string>> ChangedKeys(const serving::Change& before,
                                                            bool is_before_told,
                                                            const serving::Published& next) {
  const auto& difference = next.difference;
  if (difference == nullptr || difference->from != before.version) return nullptr;
  if (!is_before_told && before.keys == nullptr) return nullptr;
  auto keys = std::make_shared<std::vector<std::string>>();
  const std::vector<std::string> none;
  const auto& untold = is_before_told ? none : *before.keys;
  std::set_union(untold.begin(), untold.end(), difference->keys.begin(), difference->keys.end(),
                 std::back_inserter(*keys));
  if (keys->size() > serving::SetDifference::kMaxKeys) return nullptr;
  return keys;
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
  if (change.version == environment.current.version) {
    environment.current.source = change.source;
    return;
  }
  change.keys =
      ChangedKeys(environment.current, environment.told == environment.changes, *published);
  environment.current = std::move(change);
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
    serving::Change change = found.current;
    change.keys = nullptr;  // they are against the version before, and not the one that is known
    subscriber->Tell(change);
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

void ChangeFeed::TellAll() {
  for (auto& [name, environment] : environments_) {
    if (environment.current.version.empty()) continue;  // defaults are the same for everybody
    environment.current.keys = nullptr;
    ++environment.changes;
    TellSoon(environment);
  }
}

void ChangeFeed::End() {
  has_ended_ = true;
  EndAll();
}

void ChangeFeed::EndAll() {
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
