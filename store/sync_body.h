// One revision of one environment as daemons get it: whole, and as deltas.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ed25519.h"
#include "store/environment_set.h"

namespace pennon::store {

/// A delta that is larger is not told in an event; the daemon fetches it.
inline constexpr std::size_t kMaxEventBytes = std::size_t{64} << 10U;

/// A place in the history of an environment, "<epoch>.<revision>".
struct Cursor {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  bool operator==(const Cursor&) const = default;
};
std::optional<Cursor> ParseCursor(std::string_view text);
std::string Text(const Cursor& cursor);

/// Shared by all workers; what is expensive is made when it is first asked for, once.
class SyncBody {
 public:
  /// `signer` is not owned and only used here; null: it is not signed.
  explicit SyncBody(std::shared_ptr<const EnvironmentSet> set,
                    const base::Ed25519Signer* signer = nullptr);

  [[nodiscard]] const std::shared_ptr<const EnvironmentSet>& set() const { return set_; }
  [[nodiscard]] const std::string& environment() const { return set_->environment; }
  [[nodiscard]] Cursor cursor() const { return {set_->epoch, set_->revision}; }
  [[nodiscard]] const std::string& tag() const { return tag_; }  // "\"<epoch>.<revision>\""

  /// The whole set as newline-delimited JSON.
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] const std::string& gzipped() const;

  /// The changes since another revision; none when it is not known which those are.
  [[nodiscard]] std::optional<std::string> DeltaSince(const Cursor& since) const;
  /// The event that tells this revision to who has the one before.
  [[nodiscard]] const std::string& event() const { return event_; }
  /// The event for who has `since`, "" when that is this revision.
  [[nodiscard]] std::string EventSince(const Cursor& since) const;

 private:
  std::shared_ptr<const EnvironmentSet> set_;
  std::string tag_;
  wire::SyncHead head_;
  std::vector<wire::SyncLine> newest_;  // that came with this revision
  std::string event_;
  mutable std::once_flag text_made_;
  mutable std::string text_;
  mutable std::once_flag gzipped_made_;
  mutable std::string gzipped_;
};

}  // namespace pennon::store
