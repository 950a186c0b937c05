#include "store/sync_body.h"

#include <charconv>

#include "base/gzip.h"
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

const std::string& SyncBody::text() const {
  std::call_once(text_made_, [&] {
    std::vector<wire::SyncLine> lines;
    lines.reserve(set_->definitions.size());
    for (const auto& definition : set_->definitions) lines.push_back(definition->line());
    text_ = WriteSyncDocument(head_, lines);
  });
  return text_;
}

const std::string& SyncBody::gzipped() const {
  std::call_once(gzipped_made_, [&] { gzipped_ = base::Gzip(text()); });
  return gzipped_;
}

std::optional<std::string> SyncBody::DeltaSince(const Cursor& since) const {
  if (since.epoch != set_->epoch || since.revision > set_->revision ||
      since.revision < set_->deletions_known_since) {
    return std::nullopt;
  }
  std::vector<wire::SyncLine> lines;
  if (since.revision + 1 == set_->revision) {
    lines = newest_;
  } else {
    for (const auto& definition : set_->definitions) {
      if (definition->stored.revision > since.revision) lines.push_back(definition->line());
    }
  }
  std::vector<wire::LineName> deleted;
  for (const auto& [id, revision] : set_->deletions) {
    if (revision > since.revision) deleted.push_back({id.first, id.second});
  }
  wire::SyncHead head = head_;
  head.since = since.revision;
  return wire::WriteSyncDelta(std::move(head), lines, deleted);
}

std::string SyncBody::EventSince(const Cursor& since) const {
  if (since == cursor()) return {};
  const auto delta = DeltaSince(since);
  if (delta && delta->size() <= kMaxEventBytes) return EventText("delta", Text(cursor()), *delta);
  return EventText("changed", Text(cursor()),
                   R"({"epoch":)" + std::to_string(set_->epoch) + R"(,"revision":)" +
                       std::to_string(set_->revision) + '}');
}

}  // namespace pennon::store
