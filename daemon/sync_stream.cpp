#include "daemon/sync_stream.h"

#include <algorithm>

#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

using base::Error;

constexpr std::string_view kContentType = "text/event-stream";
// A connection that lived that long was a good one: the next failure is the first.
constexpr std::int64_t kGoodMillis = 10'000;
// What the control thread may have to take, before the upstream sends too fast.
constexpr std::size_t kMaxWaitingBytes = std::size_t{4} << 20U;

}  // namespace

struct SyncStream::Incoming {
  wire::EventStreamReader reader;             // of the client's thread
  std::atomic<std::size_t> waiting_bytes{0};  // handed over, not taken yet
};

SyncStream::SyncStream(const DaemonConfig& config, net::HttpClient& http, net::ControlLoop& control,
                       const base::Clock& clock, base::Logger& log, const Backoff& backoff)
    : config_(config),
      http_(http),
      control_(control),
      clock_(clock),
      log_(log),
      backoff_(backoff) {}

SyncStream::~SyncStream() {
  if (fetch_ != 0) http_.Cancel(fetch_);
}

void SyncStream::Start() {
  if (std::exchange(is_wanted_, true)) return;
  OpenAfter(0);
}

void SyncStream::Hold() {
  if (fetch_ != 0) return;
  is_wanted_ = false;
  timer_ = {};
}

void SyncStream::OpenAfter(std::int64_t pause) {
  timer_ = control_.After(pause, [this] { Open(); });
}

void SyncStream::Open() {
  auto fetch = StoreRequest(config_, "/sync/v1/stream");
  if (!fetch) {
    NoteFailure(fetch.error());
    return OpenAfter(backoff_.AfterFailure(0));
  }
  fetch->headers.emplace_back("Accept", kContentType);
  if (const std::string cursor = handlers_.cursor(); !cursor.empty()) {
    fetch->headers.emplace_back("Last-Event-ID", cursor);
  }
  fetch->total_deadline_millis = 0;  // its length and its pauses are for Watch to limit
  fetch->min_bytes_per_second = 0;
  const std::uint64_t attempt = ++attempt_;
  fetch->on_body = [this, &control = control_, attempt, incoming = std::make_shared<Incoming>()](
                       const net::HttpFetched& head, std::string_view piece) {
    const auto type = head.headers.find("content-type");
    if (type == head.headers.end() || !type->second.starts_with(kContentType)) return false;
    const auto hand_over = [&](const wire::StreamEvent* event, bool is_sign) {
      const std::size_t size = sizeof(wire::StreamEvent) + (event ? event->data.size() : 0);
      incoming->waiting_bytes += size;
      control.Post([this, attempt, incoming, size, is_sign,
                    copy = event ? std::optional(*event) : std::nullopt] {
        incoming->waiting_bytes -= size;
        OnIncoming(attempt, copy, is_sign);
      });
    };
    if (!incoming->reader.Read(piece,
                               [&](const wire::StreamEvent& event) { hand_over(&event, false); })) {
      return false;
    }
    hand_over(nullptr, incoming->reader.TakeSignOfLife());
    return incoming->waiting_bytes <= kMaxWaitingBytes;
  };
  fetch_ = http_.Fetch(*std::move(fetch),
                       [this, &control = control_, attempt](base::Result<net::HttpFetched> result) {
                         control.Post([this, attempt, result = std::move(result)] {
                           if (attempt == attempt_) OnEnd(result);
                         });
                       });
  opened_at_ = last_byte_at_ = clock_.Steady();
  end_at_ = opened_at_ + backoff_.Spread(config_.stream_max_age.millis);
  Watch();
}

void SyncStream::Watch() {
  const base::SteadyMillis now = clock_.Steady();
  const base::SteadyMillis idle_at = last_byte_at_ + config_.stream_idle.millis;
  if (now >= idle_at) {
    NoteFailure(Error::Unavailable("stream", "nothing came for too long"));
    Close();
    return OpenAfter(backoff_.AfterFailure(0));
  }
  if (now >= end_at_) {
    Close();
    return OpenAfter(0);
  }
  timer_ = control_.After(std::min(idle_at, end_at_) - now, [this] { Watch(); });
}

void SyncStream::OnIncoming(std::uint64_t attempt, const std::optional<wire::StreamEvent>& event,
                            bool is_sign) {
  if (attempt != attempt_) return;
  last_byte_at_ = clock_.Steady();
  if (!state_.is_open) {
    state_.is_open = true;
    state_.last_error.reset();
    ++state_.opened;
    log_.Debug("stream of the upstream is open");
    handlers_.on_is_open(true);
  }
  if (!event) {
    // Half an event may be the one that tells of a change: the set here may not be the newest.
    if (is_sign) handlers_.on_alive();
    return;
  }
  ++state_.events;
  if (event->name != "goodbye") return handlers_.on_event(*event);
  Close();
  OpenAfter(backoff_.AfterEnd(0));
}

void SyncStream::OnEnd(const base::Result<net::HttpFetched>& result) {
  const bool is_refusal = !result ? result.error().code() == base::ErrorCode::kInvalid
                                  : result->status != 200 && IsRefusal(result->status);
  const std::int64_t retry_after = result ? result->retry_after_millis : 0;
  if (!result) {
    NoteFailure(result.error());
  } else if (result->status != 200) {
    NoteFailure(
        Error::Unavailable("stream", "answered with status " + std::to_string(result->status)));
  } else {
    NoteFailure(Error::Unavailable("stream", "was ended by the upstream"));
  }
  Close();
  OpenAfter(is_refusal ? backoff_.AfterRefusal() : backoff_.AfterEnd(retry_after));
}

void SyncStream::Close() {
  ++attempt_;
  http_.Cancel(std::exchange(fetch_, 0));
  if (!std::exchange(state_.is_open, false)) return;
  if (clock_.Steady() - opened_at_ >= kGoodMillis) backoff_.AfterSuccess();
  handlers_.on_is_open(false);
}

void SyncStream::NoteFailure(const Error& error) {
  if (!state_.last_error || state_.last_error->Message() != error.Message()) {
    log_.Info("stream of the upstream is not open; polls go on", {{"reason", error.Message()}});
  }
  state_.last_error = error;
}

}  // namespace pennon::daemon
