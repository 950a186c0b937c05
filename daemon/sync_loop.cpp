#include "daemon/sync_loop.h"

#include <algorithm>

namespace pennon::daemon {

SyncLoop::SyncLoop(Upstream& upstream, Environment& environment, net::ControlLoop& control,
                   const base::Clock& clock, base::Logger& log, const Backoff& backoff)
    : upstream_(upstream),
      environment_(environment),
      control_(control),
      clock_(clock),
      log_(log),
      backoff_(backoff) {}

SyncState SyncLoop::state() const {
  SyncState state = state_;
  if (next_attempt_at_ != 0) {
    state.next_attempt_millis = std::max<std::int64_t>(1, next_attempt_at_ - clock_.Steady());
  }
  return state;
}

void SyncLoop::FetchNow() {
  if (next_attempt_at_ == 0) return;  // one is running
  timer_ = {};
  Fetch();
}

void SyncLoop::Fetch() {
  next_attempt_at_ = 0;
  upstream_.Fetch(environment_.validator(),
                  [this](FetchResult result) { OnFetched(std::move(result)); });
}

void SyncLoop::OnFetched(FetchResult result) {
  const std::int64_t pause = result ? OnAnswer(std::move(*result)) : OnFailure(result.error());
  next_attempt_at_ = clock_.Steady() + pause;
  timer_ = control_.After(pause, [this] { Fetch(); });
}

std::int64_t SyncLoop::OnAnswer(Fetched fetched) {
  if (fetched.not_modified) {
    environment_.Confirm();
    ++state_.confirmed;
  } else if (auto applied =
                 environment_.Apply(std::move(fetched.document), std::move(fetched.validator));
             !applied) {
    ++state_.refused;
    NoteFailure(applied.error(), "flag set refused; the one in force stays");
    return backoff_.AfterFailure(0);
  } else {
    ++state_.fetched;
  }
  if (!state_.healthy) log_.Info("upstream answers", {{"upstream", upstream_.identity()}});
  state_.healthy = true;
  state_.last_error.reset();
  return backoff_.AfterSuccess();
}

std::int64_t SyncLoop::OnFailure(const FetchFailure& failure) {
  ++state_.failed;
  NoteFailure(failure.error, "upstream does not answer; the flag set in force stays");
  return failure.is_refusal ? backoff_.AfterRefusal()
                            : backoff_.AfterFailure(failure.retry_after_millis);
}

// Said once, when it begins or changes, not at every retry of a long outage.
void SyncLoop::NoteFailure(const base::Error& error, std::string_view event) {
  if (!state_.last_error || state_.last_error->Message() != error.Message()) {
    log_.Warn(event, {{"upstream", upstream_.identity()}, {"reason", error.Message()}});
  }
  state_.healthy = false;
  state_.last_error = error;
}

}  // namespace pennon::daemon
