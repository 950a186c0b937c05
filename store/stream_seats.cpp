#include "store/stream_seats.h"

namespace pennon::store {

base::Result<StreamSeats::Seat> StreamSeats::Take(const std::string& caller) {
  const std::lock_guard lock(mutex_);
  if (taken_ >= kMaxEventStreams) {
    return base::Fail(base::Error::Unavailable("", "all streams of events are taken"));
  }
  std::int64_t& count = callers_[caller];
  if (count >= kMaxEventStreamsOfCaller) {
    return base::Fail(base::Error::Limit(
        "", "you have " + std::to_string(count) + " streams of events open, and may have no more"));
  }
  ++count;
  ++taken_;
  return Seat(nullptr, [this, caller](void*) { Leave(caller); });
}

void StreamSeats::Leave(const std::string& caller) {
  const std::lock_guard lock(mutex_);
  --taken_;
  const auto found = callers_.find(caller);
  if (--found->second == 0) callers_.erase(found);
}

}  // namespace pennon::store
