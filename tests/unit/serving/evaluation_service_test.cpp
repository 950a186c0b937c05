#include "tests/unit/serving/serving_fixture.h"

namespace pennon::test {

using model::EvaluationError;
using serving::Source;

namespace {

struct Noted final : serving::UsageSink {
  void Count(const serving::Published& published, engine::FlagHandle flag, std::string_view variant,
             model::Reason reason, std::uint64_t times) override {
    const auto& bytes = published.image->bytes();
    const auto* const start = reinterpret_cast<const char*>(bytes.data());
    CHECK((variant.empty() || (variant.data() > start && variant.data() < start + bytes.size())));
    counts.push_back(std::string(published.image->snapshot().Key(flag)) + '/' +
                     std::string(variant) + ' ' + std::string(Name(reason)) + '=' +
                     std::to_string(times));
  }
  std::vector<std::string> counts;
};

}  // namespace

TEST_CASE_FIXTURE(ServingFixture, "the flag set answers first, then the defaults, then nobody") {
  published.defaults =
      ImageOf(R"({"a":)" + TextFlag("default") + R"(,"b":)" + TextFlag("default") + '}');
  Publish();
  const auto reading = *service.Read("");
  CHECK(service.Evaluate(reading, "a", {}).evaluation.text == "set");
  CHECK(service.Evaluate(reading, "a", {}).source == Source::kLive);
  const auto preset = service.Evaluate(reading, "b", {});
  CHECK(preset.evaluation.text == "default");
  CHECK(preset.source == Source::kDefault);
  CHECK(preset.evaluation.reason == model::Reason::kDefault);
  for (const std::string_view key : {"a", "b", "c"}) {
    const auto explained = service.Explain(reading, key, {}).evaluation;
    CHECK(explained.reason == service.Evaluate(reading, key, {}).evaluation.reason);
    CHECK(explained.text == service.Evaluate(reading, key, {}).evaluation.text);
  }
  CHECK(service.Evaluate(reading, "c", {}).evaluation.error == EvaluationError::kFlagNotFound);
  CHECK(service.Keys(reading) == std::vector<std::string_view>{"a", "b"});
}

TEST_CASE_FIXTURE(ServingFixture, "without a flag set an unknown flag is not ready, not unknown") {
  published.image = nullptr;
  Publish();
  const auto reading = *service.Read("production");
  CHECK(service.Evaluate(reading, "a", {}).evaluation.error == EvaluationError::kProviderNotReady);
  CHECK(reading.revision() == 0);
}

TEST_CASE_FIXTURE(ServingFixture, "age grows with the steady clock and marks, never removes") {
  CHECK(service.Read("")->age_millis == 0);
  clock.now += 1000;
  CHECK_FALSE(service.Read("")->stale);
  clock.now += 1;
  CHECK(service.Read("")->age_millis == 1001);
  CHECK(service.Read("")->stale);
  CHECK(service.Evaluate(*service.Read(""), "a", {}).evaluation.text == "set");
  clock.now -= 1'000'000;
  CHECK(service.Read("")->age_millis == 0);
}

TEST_CASE_FIXTURE(ServingFixture, "a reading keeps its flag set while a new one is published") {
  const auto reading = *service.Read("");
  published.image = ImageOf(R"({"a":)" + TextFlag("new") + '}');
  Publish();
  CHECK(service.Evaluate(reading, "a", {}).evaluation.text == "set");
  CHECK(service.Evaluate(*service.Read(""), "a", {}).evaluation.text == "new");
}

TEST_CASE_FIXTURE(ServingFixture,
                  "what clients report is counted by flag as far as there is such a flag") {
  Noted usage;
  service.SetUsageSink(&usage);
  const auto reading = *service.Read("");
  const std::string name = "v";  // of other memory than the image's
  service.AddReported(reading, {"a", name, model::Reason::kSplit, 5});
  service.AddReported(reading, {"a", "", model::Reason::kDisabled, 2});
  service.AddReported(reading, {"a", "invented", model::Reason::kSplit, 3});
  service.AddReported(reading, {"invented", name, model::Reason::kSplit, 4});
  service.AddReported(reading, {"a", name, model::Reason::kStatic, UINT64_MAX});
  const std::string most = std::to_string(serving::Reported::kMaxTimes);
  CHECK(usage.counts ==
        std::vector<std::string>{"a/v SPLIT=5", "a/ DISABLED=2", "a/v STATIC=" + most});
  const auto reported = [&](model::Reason reason) {
    return service.counts().reported[static_cast<std::size_t>(reason)].load();
  };
  CHECK(reported(model::Reason::kSplit) == 12);
  CHECK(reported(model::Reason::kStatic) == serving::Reported::kMaxTimes);
  published.only = std::make_shared<const std::vector<std::string>>();
  Publish();
  service.AddReported(*service.Read(""), {"a", name, model::Reason::kSplit, 1});
  CHECK(usage.counts.size() == 3);
}

TEST_CASE_FIXTURE(ServingFixture, "an environment must be named when there are several") {
  published.environment = "staging";
  Publish();
  CHECK(service.Read("").error().code() == base::ErrorCode::kInvalid);
  CHECK(service.Read("staging")->published->environment == "staging");
  CHECK(service.Read("nope").error().code() == base::ErrorCode::kNotFound);
  service.Remove("staging");
  CHECK(service.Read("")->published->environment == "production");
  service.Remove("production");
  CHECK(service.Read("").error().code() == base::ErrorCode::kUnavailable);
}

}  // namespace pennon::test
