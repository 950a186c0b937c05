#include "serving/frame_protocol.h"

#include "tests/unit/serving/serving_fixture.h"
#include "wire/frame_answer.h"
#include "wire/frame_control.h"
#include "wire/frame_request.h"
#include "wire/limits.h"

namespace pennon::test {
namespace {

using wire::FrameType;

struct ProtocolFixture : ServingFixture {
  ProtocolFixture()
      : options{"test",
                [this](const serving::Grant&, std::function<void(std::string)> done) {
                  status_done = std::move(done);
                },
                [this](std::string environment, std::string known, bool,
                       std::shared_ptr<serving::Subscriber> told) {
                  subscribed = environment + ' ' + known;
                  subscriber = std::move(told);
                },
                [this](serving::Order given, auto done) {
                  ordered = given.verb;
                  done(base::Result<std::string>("{}"));
                }},
        protocol(serving::MakeFrameProtocol(
            service, options, net::LateAnswer([this](std::string bytes, net::AfterAnswer) {
              late = std::move(bytes);
            }))) {}

  net::StreamProtocol::Progress Feed(const std::string& bytes) {
    input = bytes + '\0';
    return protocol->OnBytes({input.data(), bytes.size()}, output);
  }
  static std::string Hello(std::string_view environment = "production") {
    std::string frame;
    wire::AppendHello(frame, 1, {1, environment, "test"});
    return frame;
  }
  static std::string Ask(std::uint32_t id, std::string_view key) {
    std::string frame;
    wire::AppendEvaluate(frame, id, 0, key, model::Context());
    return frame;
  }
  /// The frames of the output so far, which is emptied.
  std::vector<wire::FrameHeader> Answers() {
    std::vector<wire::FrameHeader> headers;
    for (std::string_view rest = output; !rest.empty();) {
      headers.push_back(*wire::DecodeFrameHeader(rest));
      rest.remove_prefix(wire::kFrameHeaderBytes + headers.back().size);
    }
    output.clear();
    return headers;
  }
  std::string ErrorText() {
    return wire::DecodeError(std::string_view(output).substr(wire::kFrameHeaderBytes)).what();
  }

  serving::FrameProtocolOptions options;
  std::function<void(std::string)> status_done;
  std::string late;
  std::string subscribed;
  std::string ordered;
  std::shared_ptr<serving::Subscriber> subscriber;
  std::unique_ptr<net::StreamProtocol> protocol;
  std::string input;
  std::string output;
};

}  // namespace

TEST_CASE_FIXTURE(ProtocolFixture, "pipelined requests are answered in order, under their ids") {
  const std::string bytes = Hello() + Ask(5, "a") + Ask(9, "nope");
  CHECK(Feed(bytes).consumed == bytes.size());
  const auto answers = Answers();
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].type == FrameType::kWelcome);
  CHECK(answers[1].type == FrameType::kEvaluation);
  CHECK(answers[1].id == 5);
  CHECK(answers[2].id == 9);
}

TEST_CASE_FIXTURE(ProtocolFixture, "frames of one read are answered as they are one by one") {
  model::Context nested;
  nested.AddString("targetingKey", "user-1");
  nested.End(nested.Begin("list", model::AttributeKind::kArray));
  std::string with_list;
  wire::AppendEvaluate(with_list, 1'000, 0, "a", nested);
  std::string with_metadata;
  wire::AppendEvaluate(with_metadata, 1'001, wire::kWantMetadata, "a", model::Context());
  std::string not_utf8;
  model::Context wrong;
  wrong.AddString("targetingKey", "\xff");
  wire::AppendEvaluate(not_utf8, 1'002, 0, "a", wrong);
  std::string without_key;
  wire::FrameWriter(without_key, FrameType::kEvaluate, 0, 1'003).Put(std::uint16_t{400});
  std::string without_context;
  wire::FrameWriter(without_context, FrameType::kEvaluate, 0, 1'004).Text16("a");
  std::string ping;
  wire::FrameWriter(ping, FrameType::kPing, 0, 1'005).Bytes("hello");
  std::string batch;
  std::vector<std::string_view> keys(20, "a");
  keys[10] = "nope";
  wire::AppendBatch(batch, 1'006, 0, keys, nested);

  const std::string between[] = {with_list, with_metadata,   not_utf8, without_key,
                                 ping,      without_context, batch,    Hello("nope")};
  std::vector<std::string> frames{Hello()};
  std::uint32_t id = 0;
  for (const std::string& frame : between) {
    for (const std::size_t before : {1, 7, 8, 9, 17}) {
      for (std::size_t i = 0; i < before; ++i) {
        frames.push_back(Ask(id, id % 3 == 0 ? "nope" : "a"));
        ++id;
      }
      frames.push_back(frame);
    }
  }
  std::string all;
  for (const std::string& frame : frames) {
    all += frame;
    CHECK(Feed(frame).consumed == frame.size());
  }
  const std::string one_by_one = std::exchange(output, "");
  std::string rest = all + with_list.substr(0, with_list.size() - 1);
  for (bool is_more = true; is_more;) {
    const auto progress = Feed(rest);
    CHECK_FALSE(progress.close);
    rest.erase(0, progress.consumed);
    is_more = progress.more;
  }
  CHECK(rest.size() == with_list.size() - 1);
  CHECK(output == one_by_one);
}

TEST_CASE_FIXTURE(ProtocolFixture, "text that is not UTF-8 is not told back as text") {
  Feed(Hello("prod\xff"));
  CHECK(ErrorText() == "hello.environment: is not UTF-8");
  output.clear();
  Feed(Hello());
  output.clear();
  std::string explain;
  wire::AppendExplain(explain, 2, "a\xff", model::Context());
  Feed(explain);
  CHECK(ErrorText() == "flag key: is not UTF-8");
}

TEST_CASE_FIXTURE(ProtocolFixture, "a batch whose answer no client takes is an error") {
  published.image = ImageOf(R"({"big":)" + TextFlag(std::string(270'000, 'x')) + '}');
  Publish();
  const auto ask = [](std::size_t times) {
    std::string batch;
    wire::AppendBatch(batch, 2, 0, std::vector<std::string_view>(times, "big"), model::Context());
    return batch;
  };
  Feed(Hello());
  output.clear();
  CHECK_FALSE(Feed(ask(1'000) + Ask(3, "big")).close);
  CHECK(ErrorText() == "batch: has an answer of more than 268435456 bytes; name fewer flags");
  const auto answers = Answers();
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].type == FrameType::kError);
  CHECK(answers[0].id == 2);
  CHECK(answers[1].type == FrameType::kEvaluation);
  Feed(ask(10));
  CHECK(Answers().front().type == FrameType::kEvaluations);
}

TEST_CASE_FIXTURE(ProtocolFixture, "enough answers for one write are a pause") {
  const std::string bytes = Hello() + Ask(1, "a");
  Feed(bytes);
  std::string questions;
  const std::size_t count = net::kOutputRoundBytes / output.size() * 4;
  for (std::uint32_t id = 1; id <= count; ++id) questions += Ask(id, "a");
  output.clear();
  std::size_t answered = 0;
  while (!questions.empty()) {
    const auto progress = Feed(questions);
    REQUIRE(progress.consumed > 0);
    questions.erase(0, progress.consumed);
    CHECK(progress.more == !questions.empty());
    CHECK(output.size() < net::kOutputRoundBytes + 1'000);
    for (const auto& header : Answers()) CHECK(header.id == ++answered);
  }
  CHECK(answered == count);
}

TEST_CASE_FIXTURE(ProtocolFixture, "a frame that is not complete is left for later, byte by byte") {
  const std::string bytes = Hello() + Ask(5, "a");
  std::size_t start = 0;
  for (std::size_t end = 1; end <= bytes.size(); ++end) {
    start += Feed(bytes.substr(start, end - start)).consumed;
  }
  CHECK(start == bytes.size());
  CHECK(Answers().size() == 2);
}

TEST_CASE_FIXTURE(ProtocolFixture, "evaluating before hello is refused and ends the connection") {
  CHECK(Feed(Ask(5, "a")).close);
  CHECK(ErrorText().find("hello") != std::string::npos);
}

TEST_CASE_FIXTURE(ProtocolFixture,
                  "a hello for an unknown environment is refused, another may follow") {
  CHECK_FALSE(Feed(Hello("nope")).close);
  CHECK(ErrorText().find("there is no environment \"nope\"") != std::string::npos);
  output.clear();
  Feed(Hello("") + Ask(2, "a"));
  CHECK(Answers().back().type == FrameType::kEvaluation);
}

TEST_CASE_FIXTURE(ProtocolFixture, "a frame is read up to its limit and refused beyond") {
  std::string ping;
  wire::FrameWriter(ping, FrameType::kPing, 0, 3);
  const auto with_size = [&](std::size_t size) {
    std::string frame = ping;
    const auto declared = static_cast<std::uint32_t>(size);
    frame.replace(8, 4, reinterpret_cast<const char*>(&declared), 4);
    return frame;
  };
  CHECK_FALSE(Feed(with_size(wire::kMaxFrameBytes)).close);
  CHECK(output.empty());
  CHECK(Feed(with_size(wire::kMaxFrameBytes) + std::string(wire::kMaxFrameBytes, 'x')).consumed >
        0);
  CHECK(Answers()[0].type == FrameType::kPong);
  for (const std::size_t size :
       {wire::kMaxFrameBytes + 1, std::size_t{0x80000000}, std::size_t{0xffffffff}}) {
    CHECK(Feed(with_size(size)).close);
    CHECK(ErrorText().find("larger than") != std::string::npos);
    output.clear();
  }
}

TEST_CASE_FIXTURE(ProtocolFixture, "garbage and unknown types are told apart") {
  CHECK(Feed("GET / HTTP/1.1\r\n\r\n").close);
  CHECK(ErrorText().find("0xf5") != std::string::npos);
  output.clear();
  std::string unknown;
  wire::FrameWriter(unknown, static_cast<FrameType>(0x60), 0, 3);
  CHECK_FALSE(Feed(unknown).close);
  CHECK(Answers()[0].type == FrameType::kError);
}

TEST_CASE_FIXTURE(ProtocolFixture, "the status comes late, and nothing is read before it") {
  std::string ask;
  wire::FrameWriter(ask, FrameType::kStatus, 0, 44);
  const auto progress = Feed(ask + Hello());
  CHECK(progress.suspended);
  CHECK(progress.consumed == ask.size());
  CHECK(output.empty());
  status_done("{\"x\":1}");
  CHECK(wire::DecodeFrameHeader(late)->id == 44);
  CHECK(late.find("{\"x\":1}") != std::string::npos);
}

TEST_CASE_FIXTURE(ProtocolFixture, "a subscription takes the connection over until it is gone") {
  std::string ask;
  wire::AppendSubscribe(ask, 6, "0.5-x");
  CHECK(Feed(ask).close);  // no hello yet
  output.clear();
  CHECK(Feed(Hello() + ask + Ask(7, "a")).suspended);
  CHECK(subscribed == "production 0.5-x");
  subscriber->Tell({"0.6-y", 0, 6, model::Source::kLive, nullptr});
  CHECK(wire::DecodeFrameHeader(late)->type == FrameType::kChanged);
  CHECK(wire::DecodeFrameHeader(late)->id == 6);
  CHECK(subscriber->is_open());
  protocol.reset();
  CHECK_FALSE(subscriber->is_open());
}

TEST_CASE_FIXTURE(ProtocolFixture, "orders are for those who may, and reports are counted") {
  std::string ask;
  wire::AppendOrder(ask, 3, {"reload", "", ""});
  CHECK_FALSE(Feed(ask).suspended);
  CHECK(ErrorText().find("only root") != std::string::npos);
  CHECK(ordered.empty());
  serving::Grant operators;
  operators.may_order = true;
  protocol = serving::MakeFrameProtocol(
      service, options,
      net::LateAnswer([this](std::string bytes, net::AfterAnswer) { late = std::move(bytes); }),
      operators);
  output.clear();
  CHECK(Feed(ask).suspended);
  CHECK(ordered == "reload");
  CHECK(wire::DecodeFrameHeader(late)->type == FrameType::kOrderAnswer);
  std::string report;
  wire::AppendReport(report, 4, {{"a", "v", model::Reason::kSplit, 5}});
  Feed(Hello() + report);
  CHECK(Answers().back().type == FrameType::kReported);
  CHECK(service.counts().reported[static_cast<std::size_t>(model::Reason::kSplit)] == 5);
}

TEST_CASE_FIXTURE(ProtocolFixture, "an environment that is not the caller's is forbidden") {
  serving::Grant elsewhere;
  elsewhere.every_environment = false;
  elsewhere.environments = {"staging"};
  protocol = serving::MakeFrameProtocol(service, options, net::LateAnswer(), elsewhere);
  CHECK_FALSE(Feed(Hello() + Ask(2, "a")).suspended);
  CHECK(ErrorText().find("not for this user") != std::string::npos);
}

TEST_CASE_FIXTURE(ProtocolFixture, "all requests of one read see one flag set") {
  Feed(Hello());
  output.clear();
  published.image = ImageOf(R"({"b":)" + TextFlag("new") + '}');
  Publish();
  Feed(Ask(1, "b"));
  const auto header = wire::DecodeFrameHeader(output);
  const auto answer =
      wire::DecodeEvaluations(*header, std::string_view(output).substr(wire::kFrameHeaderBytes));
  CHECK(answer->entries[0].text == "new");
  CHECK(answer->state.revision == 5);
}

TEST_CASE_FIXTURE(ProtocolFixture, "a connection that waits keeps no flag set from being freed") {
  std::string ping;
  wire::FrameWriter(ping, FrameType::kPing, 0, 3);
  for (const std::string& asked : {Ask(1, "a"), ping, Ask(1, "nope")}) {
    Feed(Hello() + asked);
    const std::weak_ptr<const serving::AttachedImage> before = published.image;
    published.image = ImageOf(R"({"a":)" + TextFlag("new") + '}');
    Publish();
    CHECK(before.expired());
  }
}

}  // namespace pennon::test
