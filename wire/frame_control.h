// Payloads beside evaluation: subscriptions, reports of usage, and orders of operators.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/evaluation.h"
#include "wire/frame.h"

namespace pennon::wire {

/// The version of the flag set that the client knows, as in a changed frame, or "".
base::Result<std::string_view> DecodeSubscribe(std::string_view payload);
void AppendSubscribe(std::string& out, std::uint32_t id, std::string_view version);

/// Which flags may be answered differently than before this frame.
enum class ChangeScope : std::uint8_t { kNone = 0, kKeys = 1, kAll = 2 };

struct FrameChanged {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  model::Source source = model::Source::kDefault;
  ChangeScope scope = ChangeScope::kAll;
  std::string_view version;
  std::vector<std::string_view> keys;  // for kKeys
};
void AppendChanged(std::string& out, std::uint32_t id, const FrameChanged& changed);
/// A scope that is not known reads as kAll.
base::Result<FrameChanged> DecodeChanged(std::string_view payload);

/// How often a client that evaluates by itself has answered so.
struct FrameUsage {
  std::string_view key;
  std::string_view variant;
  model::Reason reason = model::Reason::kDefault;
  std::uint64_t count = 0;
};
/// At most kMaxReportEntries. A reason that is not known reads as kDefault.
base::Result<std::vector<FrameUsage>> DecodeReport(std::string_view payload);
void AppendReport(std::string& out, std::uint32_t id, const std::vector<FrameUsage>& usage);

/// An order of an operator; docs/protocol.md lists the verbs.
struct FrameOrder {
  std::string_view verb;
  std::string_view environment;  // "": the only one there is
  std::string_view argument;
};
base::Result<FrameOrder> DecodeOrder(std::string_view payload);
void AppendOrder(std::string& out, std::uint32_t id, const FrameOrder& order);

}  // namespace pennon::wire
