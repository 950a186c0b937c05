#include "serving/frame_protocol.h"

#include <atomic>
#include <optional>

#include "model/context.h"
#include "serving/frame_subscriber.h"
#include "wire/explanation_json.h"
#include "wire/frame_answer.h"
#include "wire/frame_control.h"
#include "wire/frame_map.h"
#include "wire/frame_request.h"
#include "wire/frame_writer.h"
#include "wire/limits.h"

namespace pennon::serving {
namespace {

using base::Error;
using wire::FrameHeader;
using wire::FrameType;

class FrameProtocol final : public net::StreamProtocol {
 public:
  FrameProtocol(EvaluationService& service, const FrameProtocolOptions& options,
                net::LateAnswer late, Grant grant)
      : service_(service), options_(options), late_(std::move(late)), grant_(std::move(grant)) {}
  ~FrameProtocol() override { open_->store(false, std::memory_order_relaxed); }
  FrameProtocol(const FrameProtocol&) = delete;
  FrameProtocol& operator=(const FrameProtocol&) = delete;

  Progress OnBytes(std::span<char> input, std::string& output) override {
    Untake();  // one snapshot and one instant for all requests of this read
    wire::FrameRoom room(output);
    Progress progress;
    std::string_view rest(input.data(), input.size());
    while (rest.size() >= wire::kFrameHeaderBytes) {
      FrameHeader header;
      if (!wire::ReadFrameHeader(rest, header)) {
        Refuse(room, 0, Error::Invalid("frame", "does not begin with the byte 0xf5"), progress);
        break;
      }
      if (header.size > wire::kMaxFrameBytes) {
        Refuse(room, header.id,
               Error::Limit("frame",
                            "is larger than " + std::to_string(wire::kMaxFrameBytes) + " bytes"),
               progress);
        break;
      }
      const std::size_t size = wire::kFrameHeaderBytes + header.size;
      if (rest.size() < size) break;
      if (room.size() >= net::kOutputRoundBytes) {
        progress.more = true;
        break;
      }
      const std::string_view payload = rest.substr(wire::kFrameHeaderBytes, header.size);
      rest.remove_prefix(size);
      if (header.type == FrameType::kEvaluate && EvaluatePlain(header, payload, room)) continue;
      OnFrame(header, payload, room, progress);
      if (progress.close || progress.suspended || progress.more) break;
    }
    progress.consumed = input.size() - rest.size();
    return progress;
  }

 private:
  // After an error in the framing itself nothing that follows can be trusted.
  static void Refuse(wire::FrameRoom& room, std::uint32_t id, const Error& error,
                     Progress& progress) {
    wire::AppendFrameError(room.Trim(), id, error);
    progress.close = true;
  }

  // What all requests of one read see, and what their answers say about it.
  struct Taken {
    Reading reading;
    wire::FrameSetState state;
  };

  base::Result<void> TakeReading() {
    auto reading = service_.Read(environment_);
    if (!reading) return base::Fail(reading.error());
    const wire::FrameSetState state = StateOf(*reading);
    taken_ = Taken{std::move(*reading), state};
    return {};
  }

  void Untake() { taken_.reset(); }

  // What nearly all frames are; false, with nothing done, when this one is not.
  bool EvaluatePlain(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room) {
    if (!taken_ && !(said_hello_ && TakeReading())) return false;
    // The flag is fetched while the context is read.
    const engine::HashedKey key = service_.Foresee(taken_->reading, wire::KeyOfEvaluate(payload));
    if (!wire::DecodePlainEvaluate(payload, context_)) return false;
    service_.CompleteContext(context_, nullptr);
    Evaluate(header, key, room);
    return true;
  }

  [[gnu::always_inline]] void Evaluate(const FrameHeader& header, const engine::HashedKey& key,
                                       wire::FrameRoom& room) {
    const Answer answer = service_.Evaluate(taken_->reading, key, context_);
    wire::AppendEvaluation(room, header.id, header.flags, taken_->state, answer.evaluation,
                           answer.source);
  }

  [[gnu::noinline]] void OnFrame(const FrameHeader& header, std::string_view payload,
                                 wire::FrameRoom& room, Progress& progress) {
    switch (header.type) {
      case FrameType::kEvaluate:
        return OnEvaluate(header, payload, room, progress);
      case FrameType::kBatch:
        return OnBatch(header, payload, room, progress);
      case FrameType::kHello:
        return OnHello(header, payload, room);
      case FrameType::kPing:
        wire::FrameWriter(room, FrameType::kPong, 0, header.id).Bytes(payload);
        return;
      case FrameType::kExplain:
        return OnExplain(header, payload, room, progress);
      case FrameType::kStatus:
        return OnStatus(header, progress);
      case FrameType::kSubscribe:
        return OnSubscribe(header, payload, room, progress);
      case FrameType::kReport:
        return OnReport(header, payload, room, progress);
      case FrameType::kMap:
        return OnMap(header, room, progress);
      case FrameType::kOrder:
        return OnOrder(header, payload, room, progress);
      default:
        break;
    }
    wire::AppendFrameError(room.Trim(), header.id,
                           Error::Invalid("frame", "is of a type that this server does not know"));
  }

  void OnHello(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room) {
    const auto hello = wire::DecodeHello(payload);
    if (!hello) return wire::AppendFrameError(room.Trim(), header.id, hello.error());
    if (hello->version == 0) {
      return wire::AppendFrameError(room.Trim(), header.id,
                                    Error::Invalid("hello.version", "is 0, the lowest is 1"));
    }
    const auto reading = service_.ReadFor(hello->environment, grant_);
    if (!reading) return wire::AppendFrameError(room.Trim(), header.id, reading.error());
    environment_ = reading->published->environment;
    said_hello_ = true;
    Untake();
    wire::AppendWelcome(room.Trim(), header.id,
                        {std::min(hello->version, wire::kFrameProtocolVersion), environment_,
                         options_.server_name});
  }

  bool RequireHello(const FrameHeader& header, wire::FrameRoom& room, Progress& progress) const {
    if (said_hello_) return true;
    Refuse(room, header.id, Error::Invalid("frame", "say hello before evaluating"), progress);
    return false;
  }

  // Reads what evaluate, batch and explain ask; false when the answer is an error.
  bool ReadQuestion(const FrameHeader& header, FrameType type, std::string_view payload,
                    wire::FrameRoom& room, Progress& progress) {
    if (!RequireHello(header, room, progress)) return false;
    auto read = wire::DecodeEvaluate(type, payload, keys_, context_);
    if (read && !taken_) read = TakeReading();
    if (!read) {
      wire::AppendFrameError(room.Trim(), header.id, read.error());
      return false;
    }
    service_.CompleteContext(context_, nullptr);
    return true;
  }

  void OnEvaluate(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
                  Progress& progress) {
    if (!ReadQuestion(header, FrameType::kEvaluate, payload, room, progress)) return;
    Evaluate(header, service_.Foresee(taken_->reading, keys_.front()), room);
  }

  void OnBatch(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
               Progress& progress) {
    if (!ReadQuestion(header, FrameType::kBatch, payload, room, progress)) return;
    if (keys_.empty()) keys_ = service_.Keys(taken_->reading);
    wire::EvaluationsWriter writer(room, header.id, header.flags, taken_->state,
                                   static_cast<std::uint32_t>(keys_.size()));
    engine::HashedKey next;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const engine::HashedKey key = i == 0 ? service_.Foresee(taken_->reading, keys_[i]) : next;
      if (i + 1 < keys_.size()) next = service_.Foresee(taken_->reading, keys_[i + 1]);
      const Answer answer = service_.Evaluate(taken_->reading, key, context_);
      writer.Add(key.text, answer.evaluation, answer.source);
    }
  }

  void OnExplain(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
                 Progress& progress) {
    if (!ReadQuestion(header, FrameType::kEvaluate, payload, room, progress)) return;
    const std::string_view key = keys_.front();
    const auto explanation = EvaluationService::Explain(taken_->reading, key, context_);
    std::string json;
    wire::AppendExplanation(json, key, explanation.evaluation, explanation.steps,
                            explanation.is_cut);
    wire::FrameWriter(room, FrameType::kExplanation, 0, header.id).Text32(json);
  }

  static wire::FrameSetState StateOf(const Reading& reading) {
    return {reading.epoch(), reading.revision(), static_cast<std::uint64_t>(reading.age_millis),
            reading.published->source, reading.stale};
  }

  void OnStatus(const FrameHeader& header, Progress& progress) {
    progress.suspended = true;
    options_.status([late = late_, id = header.id](const std::string& json) {
      std::string frame;
      wire::FrameWriter(frame, FrameType::kStatusAnswer, 0, id).Text32(json);
      late(std::move(frame), false);
    });
  }

  // From here on the connection is the subscription's.
  void OnSubscribe(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
                   Progress& progress) {
    if (!RequireHello(header, room, progress)) return;
    const auto known = wire::DecodeSubscribe(payload);
    if (!known) return wire::AppendFrameError(room.Trim(), header.id, known.error());
    if (!options_.subscribe) {
      return wire::AppendFrameError(room.Trim(), header.id, NotHere("subscriptions"));
    }
    progress.suspended = true;
    options_.subscribe(environment_, std::string(*known), true,
                       MakeFrameSubscriber(late_, open_, header.id));
  }

  // Whoever may use the environment may map it. Not where the host completes contexts: a client
  // could not do that for it.
  void OnMap(const FrameHeader& header, wire::FrameRoom& room, Progress& progress) {
    if (!RequireHello(header, room, progress)) return;
    const auto reading = service_.ReadFor(environment_, grant_);
    if (!reading) return wire::AppendFrameError(room.Trim(), header.id, reading.error());
    const auto& mappable = reading->published->mappable;
    if (reading->published->image == nullptr) {
      return wire::AppendFrameError(room.Trim(), header.id,
                                    Error::Unavailable("map", "there is no flag set yet"));
    }
    if (mappable == nullptr || reading->published->only != nullptr ||
        service_.CompletesContexts()) {
      return wire::AppendFrameError(room.Trim(), header.id,
                                    Error::Forbidden("map", "images are not offered here"));
    }
    wire::AppendMapped(room.Trim(), header.id,
                       {mappable->serial, mappable->image_bytes, mappable->default_bytes});
    net::Descriptors handed{{mappable->control->get(), mappable->image->get()}, mappable};
    if (mappable->defaults != nullptr) handed.fds.push_back(mappable->defaults->get());
    progress.descriptors = std::make_shared<const net::Descriptors>(std::move(handed));
    progress.more = true;
  }

  void OnReport(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
                Progress& progress) {
    if (!RequireHello(header, room, progress)) return;
    const auto usage = wire::DecodeReport(payload);
    if (!usage) return wire::AppendFrameError(room.Trim(), header.id, usage.error());
    if (!taken_) {
      if (auto taken = TakeReading(); !taken) {
        return wire::AppendFrameError(room.Trim(), header.id, taken.error());
      }
    }
    for (const wire::FrameUsage& one : *usage) {
      service_.AddReported(taken_->reading, {one.key, one.variant, one.reason, one.count});
    }
    wire::FrameWriter(room, FrameType::kReported, 0, header.id);
  }

  void OnOrder(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room,
               Progress& progress) {
    const auto order = wire::DecodeOrder(payload);
    if (!order) return wire::AppendFrameError(room.Trim(), header.id, order.error());
    if (!grant_.may_order) {
      return wire::AppendFrameError(
          room.Trim(), header.id,
          Error::Forbidden("order",
                           "only root, the daemon's own user and members of "
                           "peers.admin_group may give orders"));
    }
    if (!options_.order) return wire::AppendFrameError(room.Trim(), header.id, NotHere("orders"));
    progress.suspended = true;
    options_.order({std::string(order->verb), std::string(order->environment),
                    std::string(order->argument), grant_.uid},
                   [late = late_, id = header.id](const base::Result<std::string>& json) {
                     std::string frame;
                     if (json) {
                       wire::FrameWriter(frame, FrameType::kOrderAnswer, 0, id).Text32(*json);
                     } else {
                       wire::AppendFrameError(frame, id, json.error());
                     }
                     late(std::move(frame), false);
                   });
  }

  static Error NotHere(std::string_view what) {
    return Error::Unavailable("frame", std::string(what) + " are not offered here");
  }

  EvaluationService& service_;
  const FrameProtocolOptions& options_;
  net::LateAnswer late_;
  Grant grant_;
  const std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(true);
  bool said_hello_ = false;
  std::string environment_;
  std::optional<Taken> taken_;
  std::vector<std::string_view> keys_;
  model::Context context_;
};

}  // namespace

std::unique_ptr<net::StreamProtocol> MakeFrameProtocol(EvaluationService& service,
                                                       const FrameProtocolOptions& options,
                                                       net::LateAnswer late, Grant grant) {
  return std::make_unique<FrameProtocol>(service, options, std::move(late), std::move(grant));
}

}  // namespace pennon::serving
