// One revision of one environment as daemons get it: whole, and as deltas.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ed25519.h"
#include "store/environment_set.h"
#include "store/sync_text.h"

namespace pennon::store {

/// A text that is larger is not made by a worker, whose connections would wait for it, and no event
/// tells it; the daemon fetches it.
inline constexpr std::size_t kMaxSmallBytes = std::size_t{64} << 10U;
/// Deltas of one revision that are kept: after a change nearly all daemons ask for the same.
inline constexpr std::size_t kKeptDeltas = 4;

/// A place in the history of an environment, "<epoch>.<revision>". The later is the greater.
struct Cursor {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  auto operator<=>(const Cursor&) const = default;
};
std::optional<Cursor> ParseCursor(std::string_view text);
std::string Text(const Cursor& cursor);

/// What a text goes on from; none: it is the whole set.
using Since = std::optional<Cursor>;

/// Shared by all workers; safe to use from any thread. Texts are made when they are first asked
/// for. A text as it is sent is newline-delimited JSON.
class SyncBody {
 public:
  /// `signer` is not owned and only used here; null: it is not signed.
  explicit SyncBody(std::shared_ptr<const EnvironmentSet> set,
                    const base::Ed25519Signer* signer = nullptr);

  [[nodiscard]] const std::shared_ptr<const EnvironmentSet>& set() const { return set_; }
  [[nodiscard]] const std::string& environment() const { return set_->environment; }
  [[nodiscard]] Cursor cursor() const { return {set_->epoch, set_->revision}; }
  [[nodiscard]] const std::string& tag() const { return tag_; }  // "\"<epoch>.<revision>\""

  /// `asked`, or none when it is not known what has changed since.
  [[nodiscard]] Since Known(const Since& asked) const;

  /// The text since what is known: one that was made, or is small. Null: Make makes it.
  [[nodiscard]] std::shared_ptr<const SyncText> Find(const Since& since) const;
  /// The same of any size, once for as long as it is kept. Not for workers; throws std::bad_alloc.
  [[nodiscard]] std::shared_ptr<const SyncText> Make(const Since& since) const;

  /// The event that tells this revision to who has the one before.
  [[nodiscard]] const std::string& event() const { return event_; }
  /// The event for who has `since`, "" when that is this revision.
  [[nodiscard]] std::string EventSince(const Cursor& since) const;

 private:
  using Made = std::shared_ptr<const SyncText>;
  /// None when they are larger.
  [[nodiscard]] std::optional<std::vector<wire::SyncLine>> LinesSince(const Since& since,
                                                                      std::size_t max_bytes) const;
  [[nodiscard]] std::optional<std::string> TextSince(const Since& since,
                                                     std::size_t max_bytes) const;
  [[nodiscard]] Made Kept(const Since& since) const;
  Made Keep(const Since& since, std::string text) const;

  std::shared_ptr<const EnvironmentSet> set_;
  std::string tag_;
  wire::SyncHead head_;
  std::vector<wire::SyncLine> newest_;  // that came with this revision
  std::string event_;
  mutable std::mutex mutex_;
  mutable Made whole_;
  mutable std::deque<std::pair<Cursor, Made>> deltas_;  // the last that were made
};

}  // namespace pennon::store
