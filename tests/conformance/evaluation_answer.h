// An evaluation as a typed client would see it.
#pragma once

#include <string_view>

#include "client/context.h"
#include "model/value.h"
#include "tests/conformance/definitions.h"
#include "tests/conformance/question.h"

namespace pennon::conformance {

/// {"value", "variant", "reason", "errorCode"?, "errorDetails"?, "metadata", "ext"}. The caller's
/// default is put in where the engine gives no value, or one of another type.
model::Object AnswerOf(const Definitions& definitions, const Question& question,
                       std::string_view flag, const client::Context& context);

}  // namespace pennon::conformance
