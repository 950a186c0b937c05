// Payloads that a client sends: hello, evaluate, batch; and contexts in binary.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/context.h"
#include "wire/frame.h"

namespace pennon::wire {

/// Text is borrowed from the payload.
struct FrameHello {
  std::uint16_t version = kFrameProtocolVersion;
  std::string_view environment;  // "": the only one there is
  std::string_view client;       // the program's name, for the server's status
};
base::Result<FrameHello> DecodeHello(std::string_view payload);
void AppendHello(std::string& out, std::uint32_t id, const FrameHello& hello);

/// Decodes the payload of evaluate (exactly one key) or batch (no keys: all flags) into `keys` and
/// `context`, both cleared first; text is borrowed from the payload. Errors never quote the
/// context.
base::Result<void> DecodeEvaluate(FrameType type, std::string_view payload,
                                  std::vector<std::string_view>& keys, model::Context& context);
/// Decodes what is behind the key of an evaluate, quicker, for what nearly all requests are: short
/// texts in ASCII, and no arrays and objects. False when this one is not, or has a mistake, which
/// is for DecodeEvaluate to name; `context` is of no use then.
bool DecodePlainContext(std::string_view bytes, model::Context& context);
void AppendEvaluate(std::string& out, std::uint32_t id, std::uint16_t flags, std::string_view key,
                    const model::Context& context);
/// The payload is that of evaluate.
void AppendExplain(std::string& out, std::uint32_t id, std::string_view key,
                   const model::Context& context);
void AppendBatch(std::string& out, std::uint32_t id, std::uint16_t flags,
                 const std::vector<std::string_view>& keys, const model::Context& context);

}  // namespace pennon::wire
