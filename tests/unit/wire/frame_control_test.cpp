#include "wire/frame_control.h"

#include <doctest/doctest.h>

#include "wire/limits.h"

namespace pennon::wire {
namespace {

std::string_view Payload(const std::string& frame) {
  return std::string_view(frame).substr(kFrameHeaderBytes);
}

// Each prefix of a payload is an error: nothing is read that is not there.
template <typename Decode>
void CheckCutOff(const std::string& frame, Decode decode) {
  const std::string_view payload = Payload(frame);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CHECK_FALSE(decode(payload.substr(0, size)).has_value());
  }
}

}  // namespace

TEST_CASE("a change reads back as it was written") {
  std::string frame;
  AppendChanged(frame, 9, {3, 4, model::Source::kCache, ChangeScope::kKeys, "3.4-a", {"x", "yy"}});
  const auto header = DecodeFrameHeader(frame);
  CHECK(header->type == FrameType::kChanged);
  CHECK(header->id == 9);
  const auto changed = DecodeChanged(Payload(frame));
  REQUIRE(changed.has_value());
  CHECK(changed->epoch == 3);
  CHECK(changed->revision == 4);
  CHECK(changed->source == model::Source::kCache);
  CHECK(changed->scope == ChangeScope::kKeys);
  CHECK(changed->version == "3.4-a");
  CHECK(changed->keys == std::vector<std::string_view>{"x", "yy"});
  CheckCutOff(frame, DecodeChanged);
}

TEST_CASE("what a newer server says of a change counts as all and as default") {
  std::string frame;
  AppendChanged(frame, 1, {});
  frame[kFrameHeaderBytes + 16] = 77;
  frame[kFrameHeaderBytes + 17] = 77;
  const auto changed = DecodeChanged(Payload(frame));
  CHECK(changed->source == model::Source::kDefault);
  CHECK(changed->scope == ChangeScope::kAll);
}

TEST_CASE("a report is read up to its limit and refused beyond, cut off or not UTF-8") {
  std::string frame;
  AppendReport(frame, 1,
               {{"k", "v", model::Reason::kSplit, 7}, {"l", "", model::Reason::kError, 1}});
  const auto usage = DecodeReport(Payload(frame));
  REQUIRE(usage.has_value());
  REQUIRE(usage->size() == 2);
  CHECK((*usage)[0].key == "k");
  CHECK((*usage)[0].variant == "v");
  CHECK((*usage)[0].reason == model::Reason::kSplit);
  CHECK((*usage)[0].count == 7);
  CheckCutOff(frame, DecodeReport);
  std::string many;
  AppendReport(many, 1, std::vector<FrameUsage>(kMaxReportEntries));
  CHECK(DecodeReport(Payload(many)).has_value());
  many.clear();
  AppendReport(many, 1, std::vector<FrameUsage>(kMaxReportEntries + 1));
  CHECK(DecodeReport(Payload(many)).error().code() == base::ErrorCode::kLimit);
  std::string bad;
  AppendReport(bad, 1, {{"\xff", "", model::Reason::kError, 1}});
  CHECK_FALSE(DecodeReport(Payload(bad)).has_value());
}

TEST_CASE("subscriptions and orders read back") {
  std::string frame;
  AppendSubscribe(frame, 1, "1.2-f");
  CHECK(*DecodeSubscribe(Payload(frame)) == "1.2-f");
  CheckCutOff(frame, DecodeSubscribe);
  frame.clear();
  AppendOrder(frame, 1, {"rollback", "production", "17"});
  const auto order = DecodeOrder(Payload(frame));
  REQUIRE(order.has_value());
  CHECK(order->verb == "rollback");
  CHECK(order->environment == "production");
  CHECK(order->argument == "17");
  CheckCutOff(frame, DecodeOrder);
}

}  // namespace pennon::wire
