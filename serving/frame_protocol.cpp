#include "serving/frame_protocol.h"

#include "model/context.h"
#include "serving/frame_session.h"
#include "wire/explanation_json.h"
#include "wire/frame_answer.h"
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
      : service_(service), session_(service, options, std::move(late), std::move(grant)) {}

  Progress OnBytes(std::span<char> input, std::string& output) override {
    session_.Untake();
    wire::FrameRoom room(output);
    Progress progress;
    std::string_view rest(input.data(), input.size());
    while (rest.size() >= wire::kFrameHeaderBytes) {
      FrameHeader header;
      if (!wire::ReadFrameHeader(rest, header)) {
        const FrameHeader unknown;
        ReceivedFrame{unknown, "", room, progress}.Refuse(
            Error::Invalid("frame", "does not begin with the byte 0xf5"));
        break;
      }
      if (header.size > wire::kMaxFrameBytes) {
        ReceivedFrame{header, "", room, progress}.Refuse(Error::Limit(
            "frame", "is larger than " + std::to_string(wire::kMaxFrameBytes) + " bytes"));
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
      OnFrame({header, payload, room, progress});
      if (progress.close || progress.suspended || progress.more) break;
    }
    progress.consumed = input.size() - rest.size();
    return progress;
  }

 private:
  // What nearly all frames are; false, with nothing done, when this one is not.
  bool EvaluatePlain(const FrameHeader& header, std::string_view payload, wire::FrameRoom& room) {
    const auto* const taken = session_.taken();
    if (taken == nullptr) return false;
    wire::FrameReader reader(payload);
    std::string_view key;
    if (!reader.ReadText<std::uint16_t>(key)) return false;
    // The flag is fetched while the context is read.
    const engine::HashedKey foreseen = service_.Foresee(taken->reading, key);
    if (!wire::DecodePlainContext(reader.rest(), context_)) return false;
    service_.CompleteContext(context_, nullptr);
    Evaluate(*taken, foreseen, header, room);
    return true;
  }

  [[gnu::always_inline]] void Evaluate(const FrameSession::Taken& taken,
                                       const engine::HashedKey& key, const FrameHeader& header,
                                       wire::FrameRoom& room) {
    const Answer answer = service_.Evaluate(taken.reading, key, context_);
    wire::AppendEvaluation(room, header.id, header.flags, taken.state, answer.evaluation,
                           answer.source);
  }

  [[gnu::noinline]] void OnFrame(const ReceivedFrame& frame) {
    switch (frame.header.type) {
      case FrameType::kEvaluate:
        return OnEvaluate(frame);
      case FrameType::kBatch:
        return OnBatch(frame);
      case FrameType::kExplain:
        return OnExplain(frame);
      default:
        return session_.OnFrame(frame);
    }
  }

  // Reads what evaluate, batch and explain ask into `keys_` and `context_`; null when the answer is
  // an error.
  const FrameSession::Taken* ReadQuestion(const ReceivedFrame& frame, FrameType type) {
    const auto* const taken = session_.Require(frame);
    if (taken == nullptr) return nullptr;
    if (const auto read = wire::DecodeEvaluate(type, frame.payload, keys_, context_); !read) {
      frame.Fail(read.error());
      return nullptr;
    }
    service_.CompleteContext(context_, nullptr);
    return taken;
  }

  void OnEvaluate(const ReceivedFrame& frame) {
    const auto* const taken = ReadQuestion(frame, FrameType::kEvaluate);
    if (taken == nullptr) return;
    Evaluate(*taken, service_.Foresee(taken->reading, keys_.front()), frame.header, frame.room);
  }

  // Among many flags waiting for memory would cost more than evaluating: the next one is fetched
  // meanwhile.
  void OnBatch(const ReceivedFrame& frame) {
    const auto* const taken = ReadQuestion(frame, FrameType::kBatch);
    if (taken == nullptr) return;
    if (keys_.empty()) keys_ = service_.Keys(taken->reading);
    wire::EvaluationsWriter writer(frame.room, frame.header.id, frame.header.flags, taken->state,
                                   static_cast<std::uint32_t>(keys_.size()));
    engine::HashedKey next;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const engine::HashedKey key = i == 0 ? service_.Foresee(taken->reading, keys_[i]) : next;
      if (i + 1 < keys_.size()) next = service_.Foresee(taken->reading, keys_[i + 1]);
      const Answer answer = service_.Evaluate(taken->reading, key, context_);
      writer.Add(key.text, answer.evaluation, answer.source);
    }
  }

  void OnExplain(const ReceivedFrame& frame) {
    const auto* const taken = ReadQuestion(frame, FrameType::kEvaluate);
    if (taken == nullptr) return;
    const std::string_view key = keys_.front();
    const auto explanation = EvaluationService::Explain(taken->reading, key, context_);
    std::string json;
    wire::AppendExplanation(json, key, explanation.evaluation, explanation.steps,
                            explanation.is_cut);
    wire::FrameWriter(frame.room, FrameType::kExplanation, 0, frame.header.id).Text32(json);
  }

  EvaluationService& service_;
  FrameSession session_;
  // Of the question at hand; members for their memory.
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
