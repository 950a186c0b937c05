// An evaluation of an Unleash feature as a client of Unleash would see it.
#pragma once

#include "model/evaluation.h"
#include "model/value.h"

namespace pennon::conformance {

/// Whether the feature is on: one of its strategies took the subject.
bool IsFeatureEnabled(const model::Evaluation& evaluation);

/// What getVariant gives: {"name", "payload"?, "enabled", "feature_enabled"}.
model::Object UnleashVariantOf(const model::Evaluation& evaluation);

}  // namespace pennon::conformance
