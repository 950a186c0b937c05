// Feeds bytes to a client's decoder as the frames of a hostile daemon, and makes of them what a
// caller of the library sees.
#include <cstring>
#include <memory>
#include <string>

#include "client/answer.h"
#include "wire/frame_answer.h"
#include "wire/frame_control.h"
#include "wire/frame_map.h"

namespace {

using namespace pennon;

void Answers(const wire::FrameHeader& header, std::string_view payload) {
  const auto decoded = wire::DecodeEvaluations(header, payload);
  if (!decoded) return;
  client::Answer answer;
  for (const wire::FrameEvaluation& entry : decoded->entries) {
    answer.key = entry.key;
    answer.state = decoded->state;
    answer.Take(entry);
    client::Answer same = answer;
    same.Require(static_cast<model::ValueType>(payload.size() % 5));
    if (same.has_value && same.error != model::EvaluationError::kNone &&
        answer.error == model::EvaluationError::kNone) {
      __builtin_trap();
    }
    answer.TurnToJson();
  }
}

}  // namespace

// The first bytes are the header; the payload is a block of its exact size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  wire::FrameHeader header;
  header.type = data[0] % 2 == 0 ? wire::FrameType::kEvaluation : wire::FrameType::kEvaluations;
  header.flags = data[1] % 2;
  const std::size_t rest = size - 2;
  header.size = static_cast<std::uint32_t>(rest);
  const std::unique_ptr<char[]> exact(new char[rest]);
  std::memcpy(exact.get(), data + 2, rest);
  const std::string_view payload(exact.get(), rest);
  Answers(header, payload);
  (void)wire::DecodeFrameHeader(payload);
  (void)wire::DecodeWelcome(payload);
  (void)wire::DecodeError(payload);
  if (const auto changed = wire::DecodeChanged(payload)) {
    std::size_t bytes = changed->version.size();
    for (const auto& key : changed->keys) bytes += key.size();
    if (bytes > rest) __builtin_trap();
  }
  (void)wire::DecodeMapped(payload);
  return 0;
}
