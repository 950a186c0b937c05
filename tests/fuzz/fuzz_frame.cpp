// Feeds bytes to the protocol of the Unix socket (frames and, decoded, their payloads) in pieces.
#include <cstring>
#include <memory>
#include <string>

#include "serving/frame_protocol.h"
#include "tests/fuzz/small_service.h"
#include "wire/frame_answer.h"
#include "wire/frame_control.h"
#include "wire/frame_map.h"
#include "wire/frame_request.h"

namespace {

using namespace pennon;

// What a server sent must be readable by a client, whatever it was.
void DecodeAnswers(std::string_view bytes) {
  while (bytes.size() >= wire::kFrameHeaderBytes) {
    const auto header = wire::DecodeFrameHeader(bytes);
    if (!header || bytes.size() - wire::kFrameHeaderBytes < header->size) return;
    const std::string_view payload = bytes.substr(wire::kFrameHeaderBytes, header->size);
    (void)wire::DecodeEvaluations(*header, payload);
    (void)wire::DecodeWelcome(payload);
    (void)wire::DecodeError(payload);
    (void)wire::DecodeChanged(payload);
    (void)wire::DecodeMapped(payload);
    bytes.remove_prefix(wire::kFrameHeaderBytes + header->size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const serving::FrameProtocolOptions options{
      "fuzz",
      [](const serving::Grant&, const std::function<void(std::string)>& done) { done("{}"); },
      [](const std::string&, const std::string&, bool,
         const std::shared_ptr<serving::Subscriber>&) {},
      [](const serving::Order& order, const std::function<void(base::Result<std::string>)>& done) {
        if (order.verb == "status") return done("{}");
        done(base::Fail(base::Error::NotFound("verb", "is not known")));
      }};
  std::string late;
  const auto protocol = serving::MakeFrameProtocol(
      test::SmallService(), options,
      net::LateAnswer([&](const std::string& bytes, net::AfterAnswer) { late += bytes; }));
  std::string all;
  if (data[0] % 2 == 0) wire::AppendHello(all, 1, {1, "fuzz", "fuzzer"});
  if (data[0] % 4 == 0) {
    // The fuzzer's bytes as a payload behind a header that fits them.
    wire::FrameWriter(all, static_cast<wire::FrameType>(1 + data[1] % 10), data[1] / 10, 7)
        .Bytes({reinterpret_cast<const char*>(data + 2), size - 2});
  } else {
    all.append(reinterpret_cast<const char*>(data + 2), size - 2);
  }
  DecodeAnswers({reinterpret_cast<const char*>(data), size});

  const std::size_t piece = 1 + data[1];
  std::string pending;
  std::string output;
  for (std::size_t at = 0; at < all.size(); at += piece) {
    pending += all.substr(at, piece);
    const std::unique_ptr<char[]> exact(new char[pending.size() + 1]);
    std::memcpy(exact.get(), pending.data(), pending.size());
    const auto progress = protocol->OnBytes({exact.get(), pending.size()}, output);
    if (progress.consumed > pending.size()) __builtin_trap();
    pending.erase(0, progress.consumed);
    if (progress.close) break;
  }
  DecodeAnswers(output);
  DecodeAnswers(late);
  return 0;
}
