// An evaluation service with one published environment and a clock that the test turns.
#pragma once

#include <doctest/doctest.h>

#include "engine/compile.h"
#include "serving/evaluation_service.h"
#include "tests/support/test_clock.h"
#include "wire/native_document.h"

namespace pennon::test {

inline std::shared_ptr<const serving::AttachedImage> ImageOf(const std::string& flags) {
  const auto set = wire::ReadNativeDocument(R"({"environment":"production","revision":5,"flags":)" +
                                            flags + '}');
  REQUIRE(set.has_value());
  return *serving::AttachedImage::Make(engine::Compile(*set)->image);
}

inline std::string TextFlag(const std::string& value) {
  return R"({"type":"string","variants":[{"key":"v","value":")" + value +
         R"("}],"default":{"variant":"v"}})";
}

struct ServingFixture {
  ServingFixture() {
    published.environment = "production";
    published.source = serving::Source::kLive;
    published.confirmed_at = clock.now;
    published.stale_after_millis = 1000;
    published.image = ImageOf(R"({"a":)" + TextFlag("set") + '}');
    Publish();
  }
  void Publish() { service.Publish(std::make_shared<serving::Published>(published)); }

  TestClock clock;
  serving::EvaluationService service{clock};
  serving::Published published;
};

}  // namespace pennon::test
