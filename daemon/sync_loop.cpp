#include "daemon/sync_loop.h"

#include <algorithm>
#include <utility>

#include "daemon/received_set.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kPollsSaved = 6;  // one poll in so many is left while a stream is open
constexpr std::int64_t kCrossedMillis = 100;
constexpr std::int64_t kConfirmEveryMillis = 1'000;

}  // namespace

SyncLoop::SyncLoop(const DaemonConfig& config, Upstream& upstream, Environment& environment,
                   net::ControlLoop& control, const base::Clock& clock, base::Logger& log,
                   const Backoff& backoff)
    : config_(config),
      upstream_(upstream),
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
  if (next_attempt_at_ == 0) {  // one is running, whose answer may be older
    asks_again_ = true;
    return;
  }
  timer_ = {};
  Fetch();
}

// What the stream tells is fetched at once, but while fetches fail only their pauses count: the
// upstream may have asked for one, and events can be many.
void SyncLoop::FetchTold() {
  if (next_attempt_at_ == 0) {
    is_told_ = true;
  } else if (!is_failing_) {
    FetchNow();
  }
}

void SyncLoop::Fetch() {
  next_attempt_at_ = 0;
  const KnownSet known = environment_.known();
  asked_for_delta_ = !known.since.empty();
  upstream_.Fetch(known,
                  [this, known](FetchResult result) { OnFetched(known, std::move(result)); });
}

void SyncLoop::ScheduleAfter(std::int64_t pause) {
  next_attempt_at_ = clock_.Steady() + pause;
  timer_ = control_.After(pause, [this] { Fetch(); });
}

void SyncLoop::OnFetched(const KnownSet& asked, FetchResult result) {
  // An answer about a set that the stream has replaced meanwhile says nothing about the new one.
  if (result && asked.since != environment_.known().since) return ScheduleAfter(kCrossedMillis);
  is_failing_ = !result;
  const bool is_told = std::exchange(is_told_, false) && !is_failing_;
  const bool asks_again = std::exchange(asks_again_, false) || is_told;
  const std::int64_t pause = result ? OnAnswer(std::move(*result)) : OnFailure(result.error());
  ScheduleAfter(asks_again ? std::min(pause, kCrossedMillis) : pause);
}

std::int64_t SyncLoop::PauseAfterSuccess() {
  const std::int64_t pause = backoff_.AfterSuccess();
  if (stream_ == nullptr || !stream_->state().is_open) return pause;
  const std::int64_t rare =
      std::min(config_.poll_interval.millis * kPollsSaved, config_.stale_after.millis / 2);
  return std::max(pause, backoff_.Spread(rare));
}

void SyncLoop::NoteHealthy() {
  if (!state_.healthy) log_.Info("upstream answers", {{"upstream", upstream_.identity()}});
  state_.healthy = true;
  state_.key_refused = false;
  state_.last_error.reset();
}

void SyncLoop::Follow(SyncStream& stream) {
  stream_ = &stream;
  stream.SetHandlers({[this] { return told_ = environment_.known().since; },
                      [this](const wire::StreamEvent& event) { OnEvent(event); },
                      [this] { OnAlive(); }, [this](bool is_open) { OnStreamOpen(is_open); }});
}

void SyncLoop::OnEvent(const wire::StreamEvent& event) {
  if (event.name != "delta" && event.name != "changed") return;
  told_ = event.id;
  const KnownSet known = environment_.known();
  if (event.id == known.since) return;
  if (event.name == "delta" && !known.since.empty()) {
    auto document = wire::ReadSyncDocument(event.data);
    if (document && document->head.since && CursorOf(document->head) == event.id) {
      const wire::SyncHead& head = document->head;
      const bool is_same_epoch = head.epoch == known.epoch;
      if (is_same_epoch && head.revision < known.revision) return;  // a poll was faster
      // One that goes on from elsewhere is not wrong: a fetch gets the one that goes on from here.
      if (is_same_epoch && *head.since == known.revision &&
          Apply({false, std::move(*document), '"' + event.id + '"'})) {
        if (!is_failing_) NoteHealthy();  // or the state would change with each fetch
        return;
      }
    }
    // Whatever is wrong with it: a fetch finds out and says so.
  }
  FetchTold();
}

// While the stream lives and has told of nothing that is not here, the set is current.
void SyncLoop::OnAlive() {
  const std::string known = environment_.known().since;
  if (known.empty() || told_ != known) return;
  const base::SteadyMillis now = clock_.Steady();
  if (now - stream_confirmed_at_ < kConfirmEveryMillis) return;
  stream_confirmed_at_ = now;
  environment_.Refresh();  // the state, and what was refused, is what fetches say
}

void SyncLoop::OnStreamOpen(bool is_open) {
  const bool is_fetching = next_attempt_at_ == 0;
  if (is_open || is_fetching || is_failing_) return;
  // The whole interval, as others may have lost their stream in the same moment.
  const std::int64_t pause = backoff_.Draw(config_.poll_interval.millis);
  if (next_attempt_at_ - clock_.Steady() > pause) ScheduleAfter(pause);
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
  NoteHealthy();
  if (stream_ != nullptr) stream_->Start();
  return PauseAfterSuccess();
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
  state_.key_refused = failure.error.code() == base::ErrorCode::kUnauthenticated;
  const base::ErrorCode code = failure.error.code();
  if (code == base::ErrorCode::kInvalid || code == base::ErrorCode::kLimit) {
    // Something came, and is wrong: whoever published it is to know.
    environment_.NoteUnreadable(failure.error);
    NoteFailure(failure.error, "upstream answers with what is no flag set; the one in force stays");
  } else {
    NoteFailure(failure.error, "upstream does not answer; the flag set in force stays");
  }
  if (stream_ != nullptr) stream_->Hold();
  const std::int64_t pause = failure.is_refusal ? backoff_.AfterRefusal()
                                                : backoff_.AfterFailure(failure.retry_after_millis);
  // Who answers is asked no later than usual, unless another one wants a pause.
  const bool is_usual = failure.is_partial && failure.retry_after_millis == 0;
  return is_usual ? std::min(pause, backoff_.Spread(config_.poll_interval.millis)) : pause;
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
