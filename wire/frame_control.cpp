#include "wire/frame_control.h"

#include "base/utf8.h"
#include "wire/frame_writer.h"
#include "wire/limits.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;

constexpr std::size_t kMinUsageBytes = 13;
constexpr std::size_t kMinKeyBytes = 2;

Error CutOff(std::string_view what) {
  return Error::Invalid(what, "is cut off");
}

}  // namespace

base::Result<std::string_view> DecodeSubscribe(std::string_view payload) {
  FrameReader reader(payload);
  const std::string_view version = reader.Text16();
  if (!reader.ok()) return Fail(CutOff("subscribe"));
  return version;
}

void AppendSubscribe(std::string& out, std::uint32_t id, std::string_view version) {
  FrameWriter(out, FrameType::kSubscribe, 0, id).Text16(version);
}

void AppendChanged(std::string& out, std::uint32_t id, const FrameChanged& changed) {
  FrameWriter frame(out, FrameType::kChanged, 0, id);
  frame.Put(changed.epoch, changed.revision, changed.source, changed.scope);
  frame.Text16(changed.version).Put(static_cast<std::uint32_t>(changed.keys.size()));
  for (const std::string_view key : changed.keys) frame.Text16(key);
}

base::Result<FrameChanged> DecodeChanged(std::string_view payload) {
  FrameReader reader(payload);
  FrameChanged changed;
  changed.epoch = reader.Get<std::uint64_t>();
  changed.revision = reader.Get<std::uint64_t>();
  const auto source = reader.Get<std::uint8_t>();
  if (source < static_cast<std::uint8_t>(model::Source::kDefault)) {
    changed.source = static_cast<model::Source>(source);
  }
  const auto scope = reader.Get<std::uint8_t>();
  if (scope < static_cast<std::uint8_t>(ChangeScope::kAll)) {
    changed.scope = static_cast<ChangeScope>(scope);
  }
  changed.version = reader.Text16();
  const auto count = reader.Get<std::uint32_t>();
  if (!reader.ok() || count > reader.left() / kMinKeyBytes) return Fail(CutOff("changed"));
  changed.keys.resize(count);
  for (std::string_view& key : changed.keys) key = reader.Text16();
  if (!reader.ok()) return Fail(CutOff("changed"));
  return changed;
}

base::Result<std::vector<FrameUsage>> DecodeReport(std::string_view payload) {
  FrameReader reader(payload);
  const auto count = reader.Get<std::uint32_t>();
  if (count > kMaxReportEntries) {
    return Fail(
        Error::Limit("report", "has more than " + std::to_string(kMaxReportEntries) + " entries"));
  }
  if (!reader.ok() || count > reader.left() / kMinUsageBytes) return Fail(CutOff("report"));
  std::vector<FrameUsage> usage(count);
  for (FrameUsage& one : usage) {
    one.key = reader.Text16();
    one.variant = reader.Text16();
    const auto reason = reader.Get<std::uint8_t>();
    if (reason <= static_cast<std::uint8_t>(model::Reason::kDisabled)) {
      one.reason = static_cast<model::Reason>(reason);
    }
    one.count = reader.Get<std::uint64_t>();
    if (!base::IsUtf8(one.key) || !base::IsUtf8(one.variant)) {
      return Fail(Error::Invalid("report", "has a text that is not UTF-8"));
    }
  }
  if (!reader.ok()) return Fail(CutOff("report"));
  return usage;
}

void AppendReport(std::string& out, std::uint32_t id, const std::vector<FrameUsage>& usage) {
  FrameWriter frame(out, FrameType::kReport, 0, id);
  frame.Put(static_cast<std::uint32_t>(usage.size()));
  for (const FrameUsage& one : usage) {
    frame.Text16(one.key).Text16(one.variant).Put(one.reason, one.count);
  }
}

base::Result<FrameOrder> DecodeOrder(std::string_view payload) {
  FrameReader reader(payload);
  FrameOrder order;
  order.verb = reader.Text16();
  order.environment = reader.Text16();
  order.argument = reader.Text16();
  if (!reader.ok()) return Fail(CutOff("order"));
  if (!base::IsUtf8(order.verb) || !base::IsUtf8(order.environment) ||
      !base::IsUtf8(order.argument)) {
    return Fail(Error::Invalid("order", "has a text that is not UTF-8"));
  }
  return order;
}

void AppendOrder(std::string& out, std::uint32_t id, const FrameOrder& order) {
  FrameWriter frame(out, FrameType::kOrder, 0, id);
  frame.Text16(order.verb).Text16(order.environment).Text16(order.argument);
}

}  // namespace pennon::wire
