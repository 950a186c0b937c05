// Changes of a flag's configuration that say what they are for: what a person meant is in the audit
// log, and two of them seldom contradict each other.
#pragma once

#include <string>

#include "base/result.h"
#include "model/value.h"

namespace pennon::store {

/// {"comment"?, "instructions": [{"kind": "turnOn"}, …]}. The kinds, and the members of each:
///
///   turnOn, turnOff
///   kill {reason?, expiresAt?}         unkill
///   setOffVariant {variant}            setDefault {serve}      setRollout {weights, bucketBy?}
///   addTarget {variant, values, attribute?}     removeTarget {values, attribute?}
///   addRule {rule, at?}                removeRule {id}         replaceRule {id, rule}
///   moveRule {id, to}                  turnOnRule {id}         turnOffRule {id}
///   addPrerequisite {flag, variants?}  removePrerequisite {flag}
bool HasInstructions(const model::Value& document);
/// The document's comment, or "".
std::string CommentOf(const model::Value& document);
/// Why it kills, when that is all it does; or "". Nobody has to say the same twice then.
std::string ReasonOf(const model::Value& document);

/// The configuration after all of them, in their order. kInvalid names the one that cannot be
/// followed (`instructions[1].id`). What they make of it is for the compiler to judge.
base::Result<model::Object> FollowInstructions(model::Object config, const model::Value& document);

}  // namespace pennon::store
