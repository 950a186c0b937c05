#include "tests/unit/serving/serving_fixture.h"

namespace pennon::test {

using model::EvaluationError;
using serving::Source;

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
