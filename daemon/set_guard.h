// What a flag set must be like to take the place of the one there is.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/ed25519.h"
#include "base/result.h"
#include "daemon/received_set.h"

namespace pennon::daemon {

/// A full set that lacks more than this share of the flags, and more than this many, without having
/// declared that they were deleted, is held back; an empty one always is.
inline constexpr std::size_t kMaxLostPercent = 20;
inline constexpr std::size_t kMaxLostFlags = 10;

/// The set is of this environment.
base::Result<void> CheckEnvironment(const wire::SyncHead& head, const std::string& environment);

/// The set is signed by the key; no key: nothing is asked for.
base::Result<void> CheckSignature(const wire::SyncHead& head, const base::Ed25519Verifier* key);

/// The set is not older than the newest one that was accepted (`newest`; null: none). Revisions
/// never fall within an epoch, and one revision never has two contents. An older epoch is
/// kForbidden: a store that was replaced, or one that once named an epoch far in the future, may
/// have no newer one ever, so somebody can accept it.
base::Result<void> CheckRevision(const wire::SyncHead& head, const wire::SyncHead* newest);

/// A full set is not sharply smaller than the one before, of whose flags `had` are the keys, in
/// order. Deltas declare what they delete and are not for this.
base::Result<void> CheckShrink(const Generation& offered, std::span<const std::string_view> had);

}  // namespace pennon::daemon
