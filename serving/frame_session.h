// What a connection of frames has said so far, and the answers to all frames that ask for no flag.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/stream_protocol.h"
#include "serving/evaluation_service.h"
#include "serving/frame_protocol.h"
#include "wire/frame_answer.h"
#include "wire/frame_writer.h"

namespace pennon::serving {

/// A frame that was received, and where its answer goes. Borrows all of it, for one call.
struct ReceivedFrame {
  const wire::FrameHeader& header;
  std::string_view payload;
  wire::FrameRoom& room;
  net::StreamProtocol::Progress& progress;

  /// The answer is `error`.
  void Fail(const base::Error& error) const {
    wire::AppendFrameError(room.Trim(), header.id, error);
  }
  /// The same, and it is the last: nothing that follows can be trusted.
  void Refuse(const base::Error& error) const {
    Fail(error);
    progress.close = true;
  }
};

/// Confined to the connection's worker. `service` and `options` must outlive it.
class FrameSession {
 public:
  FrameSession(EvaluationService& service, const FrameProtocolOptions& options,
               net::LateAnswer late, Grant grant)
      : service_(service), options_(options), late_(std::move(late)), grant_(std::move(grant)) {}
  ~FrameSession() { open_->store(false, std::memory_order_relaxed); }
  FrameSession(const FrameSession&) = delete;
  FrameSession& operator=(const FrameSession&) = delete;

  /// One snapshot and one instant, which all requests of one read see, and what their answers say
  /// about it.
  struct Taken {
    Reading reading;
    wire::FrameSetState state;
  };
  /// A read ends: what was taken for it would be old for the next one, and a connection that waits
  /// would keep a flag set that is in force no more.
  void Untake() { taken_.reset(); }
  /// Null before hello, and when the environment is there no more.
  const Taken* taken() { return taken_ || (said_hello_ && Take()) ? &*taken_ : nullptr; }
  /// The same; null: `frame` is answered with the reason.
  const Taken* Require(const ReceivedFrame& frame);

  /// Answers any frame but those that evaluate.
  void OnFrame(const ReceivedFrame& frame);

 private:
  base::Result<void> Take();
  bool RequireHello(const ReceivedFrame& frame) const;

  void OnHello(const ReceivedFrame& frame);
  void OnStatus(const ReceivedFrame& frame);
  void OnSubscribe(const ReceivedFrame& frame);
  void OnMap(const ReceivedFrame& frame);
  void OnReport(const ReceivedFrame& frame);
  void OnOrder(const ReceivedFrame& frame);

  EvaluationService& service_;
  const FrameProtocolOptions& options_;
  net::LateAnswer late_;
  Grant grant_;
  const std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(true);
  bool said_hello_ = false;
  std::string environment_;
  std::optional<Taken> taken_;
};

}  // namespace pennon::serving
