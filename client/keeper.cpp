#include "client/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <exception>

#include "wire/frame_control.h"
#include "wire/frame_request.h"

namespace pennon::client {

using wire::FrameType;

namespace {

constexpr std::int64_t kFirstPauseMillis = 10;
constexpr std::int64_t kLookMillis = 1'000;  // at the latest, at whether something is due
constexpr std::uint32_t kHelloId = 1;
constexpr std::uint32_t kSubscribeId = 2;
constexpr int kRefreshTries = 20;
constexpr std::int64_t kOutdatedMillis = 1'000;  // that a set may go on without another
constexpr std::size_t kReportEntries = 1'000;    // in one frame

}  // namespace

Keeper::Keeper(const KeeperOptions& options, Client& frames, Evaluator& evaluator, Changed changed)
    : options_(options),
      frames_(frames),
      evaluator_(evaluator),
      changed_(std::move(changed)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      pause_millis_(kFirstPauseMillis),
      report_at_(DeadlineIn(options.report_millis)),
      random_(static_cast<std::minstd_rand::result_type>(
          reinterpret_cast<std::uintptr_t>(this) ^ static_cast<std::uint64_t>(DeadlineIn(0)))) {
  // The application's signal handlers are not for this thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::exception&) {
    settled_.store(true, std::memory_order_release);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Keeper::~Keeper() {
  stopping_.store(true, std::memory_order_release);
  if (event_.IsOpen()) (void)::eventfd_write(event_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void Keeper::AbandonAfterFork() noexcept {
  subscription_.AbandonAfterFork();
  event_ = base::Descriptor();
}

void Keeper::Wake() noexcept {
  if (woken_.load(std::memory_order_relaxed) || woken_.exchange(true)) return;
  if (event_.IsOpen()) (void)::eventfd_write(event_.get(), 1);
}

void Keeper::Run() noexcept {
  while (!stopping_.load(std::memory_order_acquire)) {
    try {
      RunOnce();
    } catch (...) {  // out of memory; later there may be some
      subscription_.Close();
      Wait(-1, kLookMillis);
    }
  }
  try {
    Report();
  } catch (...) {
  }
}

void Keeper::RunOnce() {
  if (!subscription_.IsOpen()) {
    const bool subscribed = Subscribe();
    settled_.store(true, std::memory_order_release);
    if (!subscribed) {
      const std::int64_t pause = pause_millis_;
      pause_millis_ = std::min(pause * 2, std::max(options_.client.retry_max_millis, pause));
      return Wait(-1, std::uniform_int_distribution<std::int64_t>(pause / 2, pause)(random_));
    }
    pause_millis_ = kFirstPauseMillis;
  }
  Wait(subscription_.fd(), std::clamp<std::int64_t>(report_at_ - DeadlineIn(0), 0, kLookMillis));
  if (is_readable_) OnChanged();
  const LocalSet* const set = evaluator_.current();
  if (set == nullptr ? is_awaiting_set_ : set->IsOutdated()) Refresh();
  TellChange();
  if (DeadlineIn(0) >= report_at_) {
    Report();
    report_at_ = DeadlineIn(options_.report_millis);
  }
}

// Waits for the descriptor, for a call of Wake, or for the end.
void Keeper::Wait(int fd, std::int64_t millis) {
  pollfd waiting[] = {{event_.get(), POLLIN, 0}, {fd, POLLIN, 0}};
  (void)::poll(waiting, 2, static_cast<int>(millis));
  is_readable_ = waiting[1].revents != 0;
  eventfd_t ignored = 0;
  if (waiting[0].revents != 0) (void)::eventfd_read(event_.get(), &ignored);
}

bool Keeper::Subscribe() {
  const ClientOptions& client = options_.client;
  const Deadline deadline = DeadlineIn(client.timeout_millis);
  if (!subscription_.Connect(client.socket_path, deadline)) return false;
  std::string hello;
  wire::AppendHello(hello, kHelloId,
                    {wire::kFrameProtocolVersion, client.environment, client.name});
  std::string subscribe;
  // What has changed while there was no connection is told at once.
  wire::AppendSubscribe(subscribe, kSubscribeId, version_);
  const auto welcome = subscription_.Exchange(hello, kHelloId, FrameType::kWelcome, deadline);
  if (!welcome) {
    if (IsDismissal(welcome.error(), subscription_.WasHungUp())) evaluator_.Replace(nullptr);
    subscription_.Close();
    return false;
  }
  Take(subscription_.Begin(subscribe, kSubscribeId, FrameType::kChanged, deadline));
  return subscription_.IsOpen();
}

void Keeper::OnChanged() {
  Take(subscription_.Next(kSubscribeId, FrameType::kChanged,
                          DeadlineIn(options_.client.timeout_millis)));
}

void Keeper::Take(const base::Result<Frame>& frame) {
  if (!frame) return subscription_.Close();
  const auto changed = wire::DecodeChanged(frame->payload);
  if (!changed) return subscription_.Close();
  const wire::FrameChanged told = *changed;
  version_ = told.version;
  const LocalSet* const set = evaluator_.current();
  if (told.scope != wire::ChangeScope::kNone) {
    untold_ = Change{told.epoch, told.revision, set == nullptr ? 0 : set->id()};
  }
  Refresh();
  TellChange();
}

// Who is told asks at once: not before a newer set is here, which a busy daemon may delay. That one
// may be outdated again already: a store that publishes without pause must not keep the listener
// waiting.
void Keeper::TellChange() {
  if (!untold_) return;
  const LocalSet* const set = evaluator_.current();
  if (set != nullptr && set->id() == untold_->old_set && set->IsOutdated()) return;
  changed_(untold_->epoch, untold_->revision);
  untold_.reset();  // not before: without memory it is to be told again
}

void Keeper::Refresh() {
  if (!options_.maps) return;
  for (int i = 0; i < kRefreshTries && !stopping_.load(std::memory_order_relaxed); ++i) {
    if (RefreshOnce()) break;
    // The worker that we ask has not heard of the new set yet.
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  woken_.store(false);
}

// A daemon says so that will not offer its flags. Everything else, also what is no answer at all,
// is Unavailable.
bool Keeper::IsRefusal(base::ErrorCode code) {
  return code != base::ErrorCode::kUnavailable && code != base::ErrorCode::kInternal;
}

// Whether the flags are not for this user any more. Rules that give a user nothing are not told:
// the daemon hangs up. It does so for other reasons, too, but there are new rules when the set is
// revoked.
bool Keeper::IsDismissal(const base::Error& error, bool was_hung_up) const {
  if (IsRefusal(error.code())) return true;
  const LocalSet* const set = evaluator_.current();
  return was_hung_up && set != nullptr && set->IsRevoked();
}

// False: to be tried again soon.
bool Keeper::RefreshOnce() {
  const LocalSet* const set = evaluator_.current();
  if (set != nullptr && set->IsRevoked()) frames_.Disconnect();  // it has the old rules
  const auto answer = frames_.Map();
  is_awaiting_set_ = !answer && !IsRefusal(answer.error().code());
  if (answer) {
    outdated_since_.reset();
    return PutInForce(*answer);
  }
  // With the daemon gone or too busy, or before it has flags, the last set serves. A daemon that
  // has answered that it does not offer one is asked over frames.
  if (IsDismissal(answer.error(), frames_.WasHungUp()) || (set != nullptr && IsOvertaken(*set))) {
    evaluator_.Replace(nullptr);
  }
  return true;
}

// Whether a daemon that has said that there is a newer set gives its answers over frames, but not
// the set: this process may have no descriptors for it. The page would still call the old one
// fresh.
bool Keeper::IsOvertaken(const LocalSet& set) {
  if (!set.IsOutdated()) {
    outdated_since_.reset();
    return false;
  }
  if (!outdated_since_) outdated_since_ = DeadlineIn(0);
  if (DeadlineIn(-kOutdatedMillis) < *outdated_since_) return false;
  Answer answer;
  frames_.Evaluate("", {}, answer);
  return answer.error == model::EvaluationError::kFlagNotFound;  // of the flags that there are
}

bool Keeper::PutInForce(const MappedAnswer& answer) {
  const LocalSet* const set = evaluator_.current();
  if (set != nullptr && set->serial() == answer.head.serial && !set->IsRevoked()) {
    return !set->IsOutdated();
  }
  auto next = LocalSet::FromDaemon(answer, set);
  if (!next) {
    // Of a version that is not known here, or no image at all.
    evaluator_.Replace(nullptr);
    return true;
  }
  const engine::Snapshot& snapshot = (*next)->snapshot();
  const bool is_current = !(*next)->IsOutdated();
  // Within an epoch nothing goes back but on purpose (a rollback, say): not to a worker that has
  // not heard of the newer set yet, nor to a daemon that has lost it.
  if (set != nullptr && snapshot.epoch() == set->snapshot().epoch() &&
      snapshot.revision() < set->snapshot().revision() && !(is_current && (*next)->IsHeldBack())) {
    return is_current;
  }
  evaluator_.Replace(std::move(*next));
  return is_current;
}

void Keeper::Report() {
  std::vector<Usage> usage = evaluator_.CollectUsage();
  while (!usage.empty()) {
    std::vector<wire::FrameUsage> some;
    for (std::size_t i = 0; i < usage.size() && i < kReportEntries; ++i) {
      some.push_back({usage[i].key, usage[i].variant, usage[i].reason, usage[i].count});
    }
    if (!frames_.Report(some)) return evaluator_.ReturnUsage(std::move(usage));
    usage.erase(usage.begin(), usage.begin() + static_cast<std::ptrdiff_t>(some.size()));
  }
}

}  // namespace pennon::client
