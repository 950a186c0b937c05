#include "wire/frame.h"

#include <doctest/doctest.h>

#include "base/utf8.h"
#include "client/context.h"
#include "wire/frame_answer.h"
#include "wire/frame_request.h"
#include "wire/limits.h"

namespace pennon::wire {
namespace {

std::string_view PayloadOf(const std::string& frame) {
  return std::string_view(frame).substr(kFrameHeaderBytes);
}

std::string EvaluateFrame(const client::Context& context) {
  std::string frame;
  AppendEvaluate(frame, 7, kWantMetadata, "flag", context.view());
  return frame;
}

base::Result<void> Decode(std::string_view payload, model::Context& context,
                          FrameType type = FrameType::kEvaluate) {
  std::vector<std::string_view> keys;
  return DecodeEvaluate(type, payload, keys, context);
}

void CheckSame(const model::Context& decoded, const model::Context& context) {
  const auto& nodes = context.nodes();
  REQUIRE(decoded.nodes().size() == nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    CHECK(decoded.nodes()[i].name() == nodes[i].name());
    CHECK(decoded.nodes()[i].kind() == nodes[i].kind());
    CHECK(decoded.nodes()[i].size() == nodes[i].size());
    if (nodes[i].kind() == model::AttributeKind::kString) {
      CHECK(decoded.nodes()[i].text() == nodes[i].text());
    } else {
      CHECK(decoded.nodes()[i].integer() == nodes[i].integer());
    }
  }
}

// As a server does with the payload of evaluate.
bool DecodePlain(std::string_view payload, model::Context& context) {
  FrameReader reader(payload);
  std::string_view key;
  return reader.ReadText<std::uint16_t>(key) && DecodePlainContext(reader.rest(), context);
}

client::Context Nested(std::size_t depth) {
  model::Value value(1);
  for (std::size_t i = 0; i < depth; ++i) value = model::Value(model::Array{value});
  client::Context context;
  context.SetJson("a", value);
  return context;
}

}  // namespace

TEST_CASE("a header has its twelve bytes in the documented order") {
  std::string frame;
  AppendBatch(frame, 0x01020304, kWantMetadata, {}, model::Context());
  CHECK(frame ==
        std::string("\xf5\x03\x01\x00\x04\x03\x02\x01\x04\x00\x00\x00\x00\x00\x00\x00", 16));
  const auto header = DecodeFrameHeader(frame);
  REQUIRE(header);
  CHECK(header->id == 0x01020304);
  CHECK(header->size == 4);
  frame[0] = 'G';
  CHECK_FALSE(DecodeFrameHeader(frame));
}

TEST_CASE("no memory is taken for attributes that are announced and not there") {
  model::Context decoded;
  const std::string three_bytes_each = std::string("\x02\x00", 2) + std::string(5, '\0');
  CHECK_FALSE(DecodePlainContext(three_bytes_each, decoded));
  CHECK_FALSE(DecodePlainContext(std::string("\x10\x27", 2), decoded));
  CHECK(decoded.room() == 0);
}

TEST_CASE("a context survives the way through a frame") {
  client::Context context("u");
  context.Set("t", true).Set("i", -5).Set("d", 0.5).Set("s", "é").SetJson("n", model::Value());
  context.SetJson("o", model::Object{{"a", model::Array{1, model::Object{{"b", "c"}}}}, {"z", 2}});
  const std::string frame = EvaluateFrame(context);
  model::Context decoded;
  REQUIRE(Decode(PayloadOf(frame), decoded));
  CheckSame(decoded, context.view());
}

TEST_CASE("the quick way through a plain request gives what the thorough one gives, or nothing") {
  client::Context context("user-1");
  context.Set("t", true).Set("f", false).Set("i", -5).Set("d", 0.5).Set("s", std::string(99, 's'));
  std::string payload(PayloadOf(EvaluateFrame(context)));
  model::Context quick;
  model::Context thorough;
  REQUIRE(DecodePlain(payload, quick));
  CheckSame(quick, context.view());
  int plain = 0;
  const auto compare = [&](std::string_view bytes) {
    if (!DecodePlain(bytes, quick)) return;
    ++plain;
    REQUIRE(Decode(bytes, thorough));
    CheckSame(quick, thorough);
  };
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CHECK_FALSE(DecodePlain(std::string_view(payload).substr(0, size), quick));
  }
  for (char& byte : payload) {
    const char was = byte;
    for (int value = 0; value < 256; ++value) {
      byte = static_cast<char>(value);
      compare(payload);
    }
    byte = was;
  }
  CHECK(plain > 1'000);
  compare(payload + 'x');
}

TEST_CASE("what is not plain is left to the thorough way") {
  model::Context decoded;
  const auto is_plain = [&](const client::Context& context) {
    const std::string frame = EvaluateFrame(context);
    REQUIRE(Decode(PayloadOf(frame), decoded));
    return DecodePlain(PayloadOf(frame), decoded);
  };
  CHECK(is_plain(client::Context()));
  CHECK_FALSE(is_plain(client::Context("\u00e9")));
  CHECK_FALSE(is_plain(client::Context(std::string(200, 'u'))));
  CHECK_FALSE(is_plain(Nested(1)));
}

TEST_CASE("frames that share a room are the same as frames written apart") {
  std::string apart;
  std::string shared = "before";
  FrameRoom room(shared);
  for (std::uint32_t id = 0; id < 100; ++id) {
    const std::string text(id * 7, 'x');
    FrameWriter(apart, FrameType::kPong, 0, id).Text32(text);
    FrameWriter(room, FrameType::kPong, 0, id).Text32(text);
    if (id % 10 == 0) {
      apart += "between";
      room.Trim() += "between";
    }
    CHECK(room.size() == std::string_view("before").size() + apart.size());
  }
  CHECK(room.Trim() == "before" + apart);
}

TEST_CASE("a request that is cut off anywhere, or has bytes too many, is refused") {
  client::Context context("u");
  context.SetJson("o", model::Object{{"a", model::Array{1, 2}}});
  const std::string frame = EvaluateFrame(context);
  const std::string_view payload = PayloadOf(frame);
  model::Context decoded;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CHECK_FALSE(Decode(payload.substr(0, size), decoded).has_value());
  }
  CHECK_FALSE(Decode(std::string(payload) + 'x', decoded).has_value());
}

TEST_CASE("unknown kinds and text that is not UTF-8 are refused") {
  model::Context decoded;
  const auto with_value = [&](std::string value) {
    const std::string payload = std::string(
                                    "\x01\x00"
                                    "f"
                                    "\x01\x00\x01\x00"
                                    "a",
                                    8) +
                                value;
    return Decode(payload, decoded).has_value();
  };
  CHECK(with_value(std::string("\x00", 1)));
  CHECK_FALSE(with_value("\x08"));
  CHECK_FALSE(with_value("\x63"));
  CHECK(with_value(std::string("\x05\x02\x00\x00\x00\xc3\xa9", 7)));
  CHECK_FALSE(with_value(std::string("\x05\x02\x00\x00\x00\xc0\xaf", 7)));
}

TEST_CASE("limits are accepted at n and refused at n + 1") {
  model::Context decoded;
  CHECK(Decode(PayloadOf(EvaluateFrame(Nested(kMaxContextDepth))), decoded));
  CHECK_FALSE(Decode(PayloadOf(EvaluateFrame(Nested(kMaxContextDepth + 1))), decoded).has_value());
  const auto elements = [&](std::size_t count) {
    client::Context context;
    context.SetJson("a", model::Array(count - 1, model::Value(1)));
    const std::string frame = EvaluateFrame(context);
    return Decode(PayloadOf(frame), decoded).has_value();
  };
  CHECK(elements(kMaxContextNodes));
  CHECK_FALSE(elements(kMaxContextNodes + 1));
  const auto keys = [&](std::size_t count) {
    std::string frame;
    AppendBatch(frame, 1, 0, std::vector<std::string_view>(count, "f"), model::Context());
    return Decode(PayloadOf(frame), decoded, FrameType::kBatch).has_value();
  };
  CHECK(keys(kMaxBatchFlags));
  CHECK_FALSE(keys(kMaxBatchFlags + 1));
}

TEST_CASE("an answer survives the way through a frame, and is refused when cut off") {
  model::Evaluation evaluation;
  evaluation.reason = model::Reason::kTargetingMatch;
  evaluation.kind = model::MatchKind::kRule;
  evaluation.has_value = true;
  evaluation.type = model::ValueType::kString;
  evaluation.text = "value";
  evaluation.variant = "v";
  std::string frame;
  {
    FrameRoom room(frame);
    EvaluationsWriter writer(room, 9, kWantMetadata, {1, 2, 3, model::Source::kCache, true}, 1);
    writer.Add("key", evaluation, model::Source::kCache);
  }
  const auto header = DecodeFrameHeader(frame);
  const auto answer = DecodeEvaluations(*header, PayloadOf(frame));
  REQUIRE(answer);
  CHECK(answer->state.revision == 2);
  CHECK(answer->state.stale);
  REQUIRE(answer->entries.size() == 1);
  CHECK(answer->entries[0].key == "key");
  CHECK(answer->entries[0].text == "value");
  CHECK(answer->entries[0].metadata == R"({"pennon.kind":"RULE","pennon.ruleIndex":-1})");
  for (std::size_t size = 0; size < PayloadOf(frame).size(); ++size) {
    CHECK_FALSE(DecodeEvaluations(*header, PayloadOf(frame).substr(0, size)).has_value());
  }
}

TEST_CASE("a boolean's answer, which is written in one go, is read as it was given") {
  model::Evaluation evaluation;
  evaluation.reason = model::Reason::kSplit;
  evaluation.has_value = true;
  evaluation.variant = "on";
  for (const bool value : {false, true}) {
    evaluation.boolean = value;
    std::string frame;
    {
      FrameRoom room(frame);
      AppendEvaluation(room, 9, 0, {1, 2, 3, model::Source::kCache, true}, evaluation,
                       model::Source::kCache);
    }
    const auto header = DecodeFrameHeader(frame);
    REQUIRE(header);
    CHECK(header->id == 9);
    CHECK(header->size == PayloadOf(frame).size());
    const auto answer = DecodeEvaluations(*header, PayloadOf(frame));
    REQUIRE(answer);
    CHECK(answer->state.epoch == 1);
    CHECK(answer->state.revision == 2);
    CHECK(answer->state.age_millis == 3);
    CHECK(answer->state.source == model::Source::kCache);
    CHECK(answer->state.stale);
    REQUIRE(answer->entries.size() == 1);
    CHECK(answer->entries[0].reason == model::Reason::kSplit);
    CHECK(answer->entries[0].error == model::EvaluationError::kNone);
    CHECK(answer->entries[0].kind == (value ? FrameValue::kTrue : FrameValue::kFalse));
    CHECK(answer->entries[0].variant == "on");
  }
}

TEST_CASE("an error survives the way through a frame") {
  std::string frame;
  AppendFrameError(frame, 3, base::Error::Limit("batch", "names more than 1000 flags"));
  const base::Error error = DecodeError(PayloadOf(frame));
  CHECK(error.code() == base::ErrorCode::kLimit);
  CHECK(error.what() == "batch: names more than 1000 flags");
  frame.clear();
  AppendFrameError(frame, 3, base::Error::Invalid("", std::string(65'534, 'x') + "éé"));
  CHECK(base::IsUtf8(DecodeError(PayloadOf(frame)).what()));
}

}  // namespace pennon::wire
