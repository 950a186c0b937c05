#include "serving/frame_protocol.h"

#include <array>
#include <span>

#include "base/utf8.h"
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
    wire::FrameRoom room(output);
    Progress progress;
    std::string_view rest(input.data(), input.size());
    do {
      const std::size_t count = Foresee(rest);
      if (count == 0 && !AnswerNext(rest, room, progress)) break;
      for (std::size_t i = 0; i < count && !IsFull(room, progress); ++i) {
        AnswerForeseen(i, room, progress);
        rest.remove_prefix(wire::kFrameHeaderBytes + questions_[i].payload.size());
      }
    } while (!progress.close && !progress.suspended && !progress.more);
    progress.consumed = input.size() - rest.size();
    session_.Untake();
    net::EmptyForNext(keys_);
    if (context_.room() * sizeof(model::Attribute) > net::kKeptBufferBytes) context_ = {};
    return progress;
  }

 private:
  // An evaluate frame of which only the key was read.
  struct Question {
    FrameHeader header;
    std::string_view payload;
    std::string_view context;
  };

  // For who has one more frame to answer: whether that has to wait until what there is is written.
  static bool IsFull(const wire::FrameRoom& room, Progress& progress) {
    progress.more = room.size() >= net::kOutputRoundBytes;
    return progress.more;
  }

  // Nearly all frames are evaluate. Reads the keys of those that `rest` begins with, whole ones,
  // and fetches their flags, which takes longer than to evaluate them. How many there are.
  std::size_t Foresee(std::string_view rest) {
    const auto* const taken = session_.taken();
    if (taken == nullptr) return 0;
    std::size_t count = 0;
    for (; count < questions_.size(); ++count) {
      Question& question = questions_[count];
      if (!wire::ReadFrameHeader(rest, question.header)) break;
      rest.remove_prefix(wire::kFrameHeaderBytes);
      const std::uint32_t size = question.header.size;
      if (question.header.type != FrameType::kEvaluate || size > wire::kMaxFrameBytes ||
          size > rest.size()) {
        break;
      }
      question.payload = rest.substr(0, size);
      wire::FrameReader reader(question.payload);
      if (!reader.ReadText<std::uint16_t>(foreseen_[count].text)) break;
      question.context = reader.rest();
      rest.remove_prefix(size);
    }
    service_.Foresee(taken->reading, std::span(foreseen_).first(count));
    return count;
  }

  void AnswerForeseen(std::size_t i, wire::FrameRoom& room, Progress& progress) {
    const Question& question = questions_[i];
    if (!wire::DecodePlainContext(question.context, context_)) {
      return OnFrame({question.header, question.payload, room, progress});
    }
    service_.CompleteContext(context_, nullptr);
    Evaluate(*session_.taken(), foreseen_[i], question.header, room);
  }

  // Answers the frame that `rest` begins with, whatever it is; false when it is not answered now,
  // or the last.
  [[gnu::noinline]] bool AnswerNext(std::string_view& rest, wire::FrameRoom& room,
                                    Progress& progress) {
    if (rest.size() < wire::kFrameHeaderBytes) return false;
    FrameHeader header;
    if (!wire::ReadFrameHeader(rest, header)) {
      ReceivedFrame{FrameHeader{}, "", room, progress}.Refuse(
          Error::Invalid("frame", "does not begin with the byte 0xf5"));
      return false;
    }
    if (header.size > wire::kMaxFrameBytes) {
      ReceivedFrame{header, "", room, progress}.Refuse(Error::Limit(
          "frame", "is larger than " + std::to_string(wire::kMaxFrameBytes) + " bytes"));
      return false;
    }
    const std::size_t size = wire::kFrameHeaderBytes + header.size;
    if (rest.size() < size || IsFull(room, progress)) return false;
    if (header.type == FrameType::kMap && room.size() > 0) {  // goes out by itself
      progress.more = true;
      return false;
    }
    const std::string_view payload = rest.substr(wire::kFrameHeaderBytes, header.size);
    rest.remove_prefix(size);
    OnFrame({header, payload, room, progress});
    return true;
  }

  [[gnu::always_inline]] void Evaluate(const FrameSession::Taken& taken,
                                       const engine::HashedKey& key, const FrameHeader& header,
                                       wire::FrameRoom& room) {
    const Answer answer = service_.Evaluate(taken.reading, key, context_);
    wire::AppendEvaluation(room, header.id, header.flags, taken.state, answer.evaluation,
                           answer.source);
  }

  void OnFrame(const ReceivedFrame& frame) {
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
    Evaluate(*taken, service_.Seek(taken->reading, keys_.front()), frame.header, frame.room);
  }

  void OnBatch(const ReceivedFrame& frame) {
    const auto* const taken = ReadQuestion(frame, FrameType::kBatch);
    if (taken == nullptr) return;
    if (keys_.empty()) keys_ = service_.Keys(taken->reading);
    const std::size_t before = frame.room.size();
    if (AnswerBatch(frame, *taken)) return;
    frame.room.TakeBack(before);
    frame.Fail(Error::Limit("batch", "has an answer of more than " +
                                         std::to_string(wire::kMaxAnswerBytes) +
                                         " bytes; name fewer flags"));
  }

  // False when the answer is larger than clients take.
  bool AnswerBatch(const ReceivedFrame& frame, const FrameSession::Taken& taken) {
    wire::EvaluationsWriter writer(frame.room, frame.header.id, frame.header.flags, taken.state,
                                   static_cast<std::uint32_t>(keys_.size()));
    service_.EvaluateAll(taken.reading, keys_, context_,
                         [&](std::string_view key, const Answer& answer) {
                           writer.Add(key, answer.evaluation, answer.source);
                         });
    return !writer.is_too_large();
  }

  void OnExplain(const ReceivedFrame& frame) {
    const auto* const taken = ReadQuestion(frame, FrameType::kEvaluate);
    if (taken == nullptr) return;
    const std::string_view key = keys_.front();
    if (!base::IsUtf8(key)) return frame.Fail(Error::Invalid("flag key", "is not UTF-8"));
    const auto explanation = EvaluationService::Explain(taken->reading, key, context_);
    std::string json;
    wire::AppendExplanation(json, key, explanation.evaluation, explanation.steps,
                            explanation.is_cut);
    wire::FrameWriter(frame.room, FrameType::kExplanation, 0, frame.header.id).Text32(json);
  }

  EvaluationService& service_;
  FrameSession session_;
  std::array<Question, EvaluationService::kForeseen> questions_;
  std::array<engine::HashedKey, EvaluationService::kForeseen> foreseen_;  // of `questions_`
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
