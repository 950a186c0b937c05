#include "serving/frame_session.h"

#include <algorithm>

#include "serving/frame_subscriber.h"
#include "wire/frame_control.h"
#include "wire/frame_map.h"
#include "wire/frame_request.h"

namespace pennon::serving {

using base::Error;
using wire::FrameType;

namespace {

Error NotHere(std::string_view what) {
  return Error::Unavailable("frame", std::string(what) + " not offered here");
}

}  // namespace

base::Result<void> FrameSession::Take() {
  auto reading = service_.Read(environment_);
  if (!reading) return base::Fail(reading.error());
  const wire::FrameSetState state{reading->epoch(), reading->revision(),
                                  static_cast<std::uint64_t>(reading->age_millis),
                                  reading->published->source, reading->stale};
  taken_ = Taken{std::move(*reading), state};
  return {};
}

const FrameSession::Taken* FrameSession::Require(const ReceivedFrame& frame) {
  if (!RequireHello(frame)) return nullptr;
  if (!taken_) {
    if (const auto taken = Take(); !taken) {
      frame.Fail(taken.error());
      return nullptr;
    }
  }
  return &*taken_;
}

bool FrameSession::RequireHello(const ReceivedFrame& frame) const {
  if (!said_hello_) frame.Refuse(Error::Invalid("frame", "say hello before evaluating"));
  return said_hello_;
}

void FrameSession::OnFrame(const ReceivedFrame& frame) {
  switch (frame.header.type) {
    case FrameType::kHello:
      return OnHello(frame);
    case FrameType::kPing:
      wire::FrameWriter(frame.room, FrameType::kPong, 0, frame.header.id).Bytes(frame.payload);
      return;
    case FrameType::kStatus:
      return OnStatus(frame);
    case FrameType::kSubscribe:
      return OnSubscribe(frame);
    case FrameType::kReport:
      return OnReport(frame);
    case FrameType::kMap:
      return OnMap(frame);
    case FrameType::kOrder:
      return OnOrder(frame);
    default:
      return frame.Fail(Error::Invalid("frame", "is of a type that this server does not know"));
  }
}

void FrameSession::OnHello(const ReceivedFrame& frame) {
  const auto hello = wire::DecodeHello(frame.payload);
  if (!hello) return frame.Fail(hello.error());
  if (hello->version == 0) {
    return frame.Fail(Error::Invalid("hello.version", "is 0, the lowest is 1"));
  }
  const auto reading = service_.ReadFor(hello->environment, grant_);
  if (!reading) return frame.Fail(reading.error());
  environment_ = reading->published->environment;
  said_hello_ = true;
  Untake();
  wire::AppendWelcome(
      frame.room.Trim(), frame.header.id,
      {std::min(hello->version, wire::kFrameProtocolVersion), environment_, options_.server_name});
}

void FrameSession::OnStatus(const ReceivedFrame& frame) {
  if (!options_.status) return frame.Fail(NotHere("a status is"));
  frame.progress.suspended = true;
  options_.status(grant_, [late = late_, id = frame.header.id](const std::string& json) {
    std::string answer;
    wire::FrameWriter(answer, FrameType::kStatusAnswer, 0, id).Text32(json);
    late(std::move(answer), false);
  });
}

// From here on the connection is the subscription's.
void FrameSession::OnSubscribe(const ReceivedFrame& frame) {
  if (!RequireHello(frame)) return;
  const auto known = wire::DecodeSubscribe(frame.payload);
  if (!known) return frame.Fail(known.error());
  if (!options_.subscribe) return frame.Fail(NotHere("subscriptions are"));
  frame.progress.suspended = true;
  options_.subscribe(environment_, std::string(*known), true,
                     MakeFrameSubscriber(late_, open_, frame.header.id));
}

// Whoever may use the environment may map it. Not where the host completes contexts: a client could
// not do that for it.
void FrameSession::OnMap(const ReceivedFrame& frame) {
  if (!RequireHello(frame)) return;
  const auto reading = service_.ReadFor(environment_, grant_);
  if (!reading) return frame.Fail(reading.error());
  const auto& mappable = reading->published->mappable;
  if (reading->published->image == nullptr) {
    return frame.Fail(Error::Unavailable("map", "there is no flag set yet"));
  }
  if (mappable == nullptr || reading->published->only != nullptr || service_.CompletesContexts()) {
    return frame.Fail(Error::Forbidden("map", "images are not offered here"));
  }
  wire::AppendMapped(frame.room.Trim(), frame.header.id,
                     {mappable->serial, mappable->image_bytes, mappable->default_bytes});
  net::Descriptors handed{{mappable->control->get(), mappable->image->get()}, mappable, ""};
  wire::AppendFrameError(
      handed.otherwise, frame.header.id,
      Error::Unavailable("map",
                         "earlier answers were not read yet, here or by other clients; "
                         "read them, and ask again"));
  if (mappable->defaults != nullptr) handed.fds.push_back(mappable->defaults->get());
  frame.progress.descriptors = std::make_shared<const net::Descriptors>(std::move(handed));
  frame.progress.more = true;
}

void FrameSession::OnReport(const ReceivedFrame& frame) {
  const Taken* const taken = Require(frame);
  if (taken == nullptr) return;
  const auto usage = wire::DecodeReport(frame.payload);
  if (!usage) return frame.Fail(usage.error());
  for (const wire::FrameUsage& one : *usage) {
    service_.AddReported(taken->reading, {one.key, one.variant, one.reason, one.count});
  }
  wire::FrameWriter(frame.room, FrameType::kReported, 0, frame.header.id);
}

void FrameSession::OnOrder(const ReceivedFrame& frame) {
  const auto order = wire::DecodeOrder(frame.payload);
  if (!order) return frame.Fail(order.error());
  if (!grant_.may_order) {
    return frame.Fail(Error::Forbidden("order",
                                       "only root, the daemon's own user and members of "
                                       "peers.admin_group may give orders"));
  }
  if (!options_.order) return frame.Fail(NotHere("orders are"));
  frame.progress.suspended = true;
  options_.order({std::string(order->verb), std::string(order->environment),
                  std::string(order->argument), grant_.uid},
                 [late = late_, id = frame.header.id](const base::Result<std::string>& json) {
                   std::string answer;
                   if (json) {
                     wire::FrameWriter(answer, FrameType::kOrderAnswer, 0, id).Text32(*json);
                   } else {
                     wire::AppendFrameError(answer, id, json.error());
                   }
                   late(std::move(answer), false);
                 });
}

}  // namespace pennon::serving
