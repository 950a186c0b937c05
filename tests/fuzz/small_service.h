// An evaluation service with two flags, for the fuzzers of what asks it.
#pragma once

#include <memory>
#include <utility>

#include "engine/compile.h"
#include "serving/evaluation_service.h"
#include "wire/native_document.h"

namespace pennon::test {

inline constexpr std::string_view kSmallDocument = R"({"environment":"fuzz","flags":{
 "a":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
  "rules":[{"when":{"attr":"/x/y","op":"in","values":["z",1]},"serve":{"variant":"on"}}],
  "default":{"split":{"weights":[{"variant":"on","weight":5},{"variant":"off","weight":5}]}}},
 "o":{"type":"object","variants":[{"key":"v","value":{"x":[1,2]}}],"default":{"variant":"v"}}}})";

/// The same one for every input.
inline serving::EvaluationService& SmallService() {
  static const base::SystemClock kClock;
  static serving::EvaluationService service(kClock);
  static const bool kPublished = [] {
    auto published = std::make_shared<serving::Published>();
    published->environment = "fuzz";
    auto compiled = engine::Compile(*wire::ReadNativeDocument(kSmallDocument));
    published->image = *serving::AttachedImage::Make(std::move(compiled->image));
    published->source = serving::Source::kLive;
    service.Publish(std::move(published));
    return true;
  }();
  (void)kPublished;
  return service;
}

}  // namespace pennon::test
