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
  const KnownSet known = environment_.known();
  asked_for_delta_ = !known.since.empty();
  upstream_.Fetch(known, [this](FetchResult result) { OnFetched(std::move(result)); });
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
  } else if (auto applied = Apply(std::move(fetched)); !applied) {
    // A delta that does not fit says nothing against the upstream: the full set is asked for.
    if (asked_for_delta_ && applied.error().code() == base::ErrorCode::kConflict) return 0;
    return backoff_.AfterFailure(0);
  }
  if (!state_.healthy) log_.Info("upstream answers", {{"upstream", upstream_.identity()}});
  state_.healthy = true;
  state_.last_error.reset();
  return backoff_.AfterSuccess();
}

base::Result<void> SyncLoop::Apply(Fetched fetched) {
  const bool is_delta = fetched.document.head.since.has_value();
  auto applied = environment_.Apply(std::move(fetched.document), std::move(fetched.validator));
  if (!applied) {
    ++state_.refused;
    NoteFailure(applied.error(), "flag set refused; the one in force stays");
    return applied;
  }
  ++state_.fetched;
  if (is_delta) ++state_.deltas;
  return {};
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
