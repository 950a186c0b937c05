#include "store/sync_body.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "store/event_text.h"

namespace pennon::store {
namespace {

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// Definitions are in the order that the digest wants. Adds the lines that are new in the set to
// `newest`.
std::string DigestOf(const EnvironmentSet& set, std::vector<wire::SyncLine>& newest) {
  const Definitions::List& definitions = set.definitions.list();
  constexpr std::size_t kAhead = wire::SetDigester::kAhead;
  wire::SetDigester digester;
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    if (i + 2 * kAhead < definitions.size())
      __builtin_prefetch(&definitions[i + 2 * kAhead]->stored);
    if (i + kAhead < definitions.size()) digester.Expect(definitions[i + kAhead]->line());
    digester.Add(definitions[i]->line());
    if (definitions[i]->stored.revision >= set.revision) newest.push_back(definitions[i]->line());
  }
  return digester.Finish();
}

}  // namespace

std::optional<Cursor> ParseCursor(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto epoch = ParseNumber(text.substr(0, dot));
  const auto revision = ParseNumber(text.substr(dot + 1));
  if (!epoch || !revision) return std::nullopt;
  return Cursor{*epoch, *revision};
}

std::string Text(const Cursor& cursor) {
  return std::to_string(cursor.epoch) + '.' + std::to_string(cursor.revision);
}

SyncBody::SyncBody(std::shared_ptr<const EnvironmentSet> set, const base::Ed25519Signer* signer)
    : set_(std::move(set)), tag_('"' + Text(cursor()) + '"') {
  head_.environment = set_->environment;
  head_.epoch = set_->epoch;
  head_.revision = set_->revision;
  head_.set_digest = DigestOf(*set_, newest_);
  if (signer != nullptr) head_.signature = signer->Sign(wire::SignedText(head_));
  event_ = EventSince({set_->epoch, set_->revision - 1});
}

Since SyncBody::Known(const Since& asked) const {
  const bool is_known = asked && asked->epoch == set_->epoch && asked->revision <= set_->revision &&
                        asked->revision >= set_->deletions_known_since;
  return is_known ? asked : std::nullopt;
}

std::optional<std::vector<wire::SyncLine>> SyncBody::LinesSince(const Since& since,
                                                                std::size_t max_bytes) const {
  std::vector<wire::SyncLine> lines;
  std::size_t bytes = 0;
  const auto fits = [&](const wire::SyncLine& line) {
    bytes += line.bytes().size();
    if (bytes <= max_bytes) lines.push_back(line);
    return bytes <= max_bytes;
  };
  if (since && since->revision + 1 == set_->revision) {
    if (!std::all_of(newest_.begin(), newest_.end(), fits)) return std::nullopt;
    return lines;
  }
  for (const auto& definition : set_->definitions) {
    const bool is_new = !since || definition->stored.revision > since->revision;
    if (is_new && !fits(definition->line())) return std::nullopt;
  }
  return lines;
}

std::optional<std::string> SyncBody::TextSince(const Since& since, std::size_t max_bytes) const {
  const auto lines = LinesSince(since, max_bytes);
  if (!lines) return std::nullopt;
  std::string text;
  if (!since) {
    text = wire::WriteSyncDocument(head_, *lines);
  } else {
    std::vector<wire::LineName> deleted;
    for (const auto& [id, revision] : set_->deletions) {
      if (revision > since->revision) deleted.push_back({id.first, id.second});
    }
    wire::SyncHead head = head_;
    head.since = since->revision;
    text = wire::WriteSyncDelta(std::move(head), *lines, deleted);
  }
  if (text.size() > max_bytes) return std::nullopt;
  return text;
}

SyncBody::Made SyncBody::Kept(const Since& since) const {
  const std::lock_guard lock(mutex_);
  if (!since) return whole_;
  const auto found = std::find_if(deltas_.begin(), deltas_.end(),
                                  [&](const auto& delta) { return delta.first == *since; });
  return found == deltas_.end() ? nullptr : found->second;
}

SyncBody::Made SyncBody::Keep(const Since& since, std::string text) const {
  auto made = std::make_shared<const SyncText>(std::move(text));
  const std::lock_guard lock(mutex_);
  if (!since) return whole_ = std::move(made);
  if (deltas_.size() == kKeptDeltas) deltas_.pop_front();
  deltas_.emplace_back(*since, made);
  return made;
}

SyncBody::Made SyncBody::Find(const Since& since) const {
  if (auto kept = Kept(since)) return kept;
  auto small = TextSince(since, kMaxSmallBytes);
  return small ? Keep(since, *std::move(small)) : nullptr;
}

SyncBody::Made SyncBody::Make(const Since& since) const {
  if (auto kept = Kept(since)) return kept;
  return Keep(since, *TextSince(since, std::numeric_limits<std::size_t>::max()));
}

std::string SyncBody::EventSince(const Cursor& since) const {
  if (since == cursor()) return {};
  if (const Since known = Known(since)) {
    const auto delta = TextSince(known, kMaxSmallBytes);
    if (delta) return EventText("delta", Text(cursor()), *delta);
  }
  return EventText("changed", Text(cursor()),
                   R"({"epoch":)" + std::to_string(set_->epoch) + R"(,"revision":)" +
                       std::to_string(set_->revision) + '}');
}

}  // namespace pennon::store
