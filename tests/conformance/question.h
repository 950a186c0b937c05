// What an evaluation is asked for, beside flag and context.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "client/context.h"
#include "engine/evaluate.h"
#include "model/value.h"
#include "wire/document.h"

namespace pennon::conformance {

/// As a typed client asks; kAny asks as OFREP does.
enum class WantedType : std::uint8_t { kAny, kBoolean, kString, kInteger, kFloat, kObject };
/// What an Unleash client asks for.
enum class UnleashKind : std::uint8_t { kNone, kEnabled, kVariant };

struct Question {
  WantedType type = WantedType::kAny;
  UnleashKind kind = UnleashKind::kNone;
  model::Value fallback;  // the caller's default
  engine::Moment moment;
};

/// Reads "type", "kind", "default", "now" (RFC 3339; absent: the clock) and "random".
base::Result<Question> ReadQuestion(const model::Value& request, wire::DocumentFormat format);

/// The context that a request gives, empty when it gives none.
client::Context ContextOf(const model::Value* context);

}  // namespace pennon::conformance
