// Reads bytes as the payloads beside evaluation, of both directions: subscriptions, reports,
// orders, changes and mapped memory. What is read and written out again reads as it was.
#include <cstring>
#include <memory>
#include <string>

#include "base/utf8.h"
#include "wire/frame_control.h"
#include "wire/frame_map.h"

namespace {

using namespace pennon;

// The payload of the one frame that `append` writes.
template <typename Append>
std::string PayloadOf(wire::FrameType type, Append append) {
  std::string frame;
  append(frame);
  const auto header = wire::DecodeFrameHeader(frame);
  if (!header || header->type != type || header->id != 7 ||
      header->size != frame.size() - wire::kFrameHeaderBytes) {
    __builtin_trap();
  }
  return frame.substr(wire::kFrameHeaderBytes);
}

void Subscribe(std::string_view bytes) {
  const auto version = wire::DecodeSubscribe(bytes);
  if (!version) return;
  const std::string payload = PayloadOf(wire::FrameType::kSubscribe, [&](std::string& out) {
    wire::AppendSubscribe(out, 7, *version);
  });
  const auto again = wire::DecodeSubscribe(payload);
  if (!again || *again != *version) __builtin_trap();
}

void Changed(std::string_view bytes) {
  const auto changed = wire::DecodeChanged(bytes);
  if (!changed) return;
  const std::string payload = PayloadOf(
      wire::FrameType::kChanged, [&](std::string& out) { wire::AppendChanged(out, 7, *changed); });
  const auto again = wire::DecodeChanged(payload);
  if (!again || again->epoch != changed->epoch || again->revision != changed->revision ||
      again->source != changed->source || again->scope != changed->scope ||
      again->version != changed->version || again->keys != changed->keys) {
    __builtin_trap();
  }
}

void Report(std::string_view bytes) {
  const auto usage = wire::DecodeReport(bytes);
  if (!usage) return;
  const std::string payload = PayloadOf(
      wire::FrameType::kReport, [&](std::string& out) { wire::AppendReport(out, 7, *usage); });
  const auto again = wire::DecodeReport(payload);
  if (!again || again->size() != usage->size()) __builtin_trap();
  for (std::size_t i = 0; i < usage->size(); ++i) {
    const wire::FrameUsage& a = (*usage)[i];
    const wire::FrameUsage& b = (*again)[i];
    if (a.key != b.key || a.variant != b.variant || a.reason != b.reason || a.count != b.count) {
      __builtin_trap();
    }
    if (!base::IsUtf8(a.key) || !base::IsUtf8(a.variant)) __builtin_trap();
  }
}

void Order(std::string_view bytes) {
  const auto order = wire::DecodeOrder(bytes);
  if (!order) return;
  const std::string payload = PayloadOf(
      wire::FrameType::kOrder, [&](std::string& out) { wire::AppendOrder(out, 7, *order); });
  const auto again = wire::DecodeOrder(payload);
  if (!again || again->verb != order->verb || again->environment != order->environment ||
      again->argument != order->argument) {
    __builtin_trap();
  }
}

void Mapped(std::string_view bytes) {
  const auto mapped = wire::DecodeMapped(bytes);
  if (!mapped) return;
  const std::string payload = PayloadOf(
      wire::FrameType::kMapped, [&](std::string& out) { wire::AppendMapped(out, 7, *mapped); });
  if (payload != bytes.substr(0, payload.size())) __builtin_trap();
}

}  // namespace

// The payload is a block of its exact size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::unique_ptr<char[]> exact(new char[size]);
  std::memcpy(exact.get(), data, size);
  const std::string_view bytes(exact.get(), size);
  Subscribe(bytes);
  Changed(bytes);
  Report(bytes);
  Order(bytes);
  Mapped(bytes);
  return 0;
}
