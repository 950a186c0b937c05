// A document compiled and attached, for tests that ask it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "client/context.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "wire/native_document.h"

namespace pennon::test {

inline model::FlagSet ReadSet(const std::string& flags, const std::string& segments = "{}") {
  const auto set = wire::ReadNativeDocument(R"({"environment":"test","flags":)" + flags +
                                            R"(,"segments":)" + segments + '}');
  REQUIRE_MESSAGE(set.has_value(), (set ? "" : set.error().Message()));
  return *set;
}

struct Attached {
  explicit Attached(const model::FlagSet& set, const model::FlagSet* in_force = nullptr)
      : compiled(*engine::Compile(set, in_force)),
        snapshot(*engine::Snapshot::Attach(compiled.image)) {}
  explicit Attached(const std::string& flags) : Attached(ReadSet(flags)) {}

  [[nodiscard]] model::Evaluation Ask(std::string_view flag, const client::Context& context = {},
                                      std::int64_t now_millis = 0) const {
    return engine::Evaluate(snapshot, flag, context.view(), {now_millis});
  }
  /// The message of the one diagnostic, or "".
  [[nodiscard]] std::string Diagnostic() const {
    return compiled.diagnostics.empty() ? "" : compiled.diagnostics.front().error.Message();
  }

  engine::Compiled compiled;
  engine::Snapshot snapshot;
};

}  // namespace pennon::test
