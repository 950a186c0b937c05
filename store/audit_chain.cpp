#include "store/audit_chain.h"

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "model/value.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Value;

constexpr std::size_t kHashBytes = 32;

Value Optional(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value();
}

}  // namespace

std::string HashOf(std::string_view previous, const AuditEntry& entry) {
  const Subject& subject = entry.subject;
  const model::Array row{Value(std::string(previous)),
                         Value(entry.sequence),
                         Value(entry.at),
                         Value(entry.actor),
                         Value(std::string(Name(entry.action))),
                         Optional(subject.environment),
                         Value(subject.kind),
                         Value(subject.key),
                         Value(entry.version),
                         Value(entry.comment),
                         Value(entry.request),
                         Optional(entry.before),
                         Optional(entry.after)};
  std::string text;
  model::AppendJson(text, Value(row));
  return base::Sha256Hex(text);
}

Result<void> ChainAudit(Driver& driver) {
  std::vector<AuditEntry> entries;
  auto read = driver.Run(std::string(kSelectAudit) + " ORDER BY seq", {},
                         [&](const Row& row) { entries.push_back(ReadAuditEntry(row)); });
  if (!read) return Fail(read.error());
  std::string hash;
  std::int64_t sequence = 0;
  for (AuditEntry& entry : entries) {
    const std::int64_t stored = entry.sequence;
    entry.sequence = ++sequence;  // a log of old may have gaps
    hash = HashOf(hash, entry);
    const std::array<Parameter, 3> values{sequence, std::string_view(hash), stored};
    auto written = driver.Run("UPDATE audit SET seq = ?, hash = ? WHERE seq = ?", values, {});
    if (!written) return Fail(written.error());
  }
  const std::array<Parameter, 2> head{sequence, std::string_view(hash)};
  return driver.Run("UPDATE meta SET audit_sequence = ?, audit_hash = ?", head, {})
      .map([](std::int64_t) {});
}

std::string FormatHead(const AuditHead& head) {
  return std::to_string(head.sequence) + ':' + head.hash;
}

Result<AuditHead> ParseHead(std::string_view text) {
  AuditHead head;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), head.sequence);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  const bool is_hash = rest.size() == 1 + 2 * kHashBytes && rest.front() == ':' &&
                       rest.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
  if (error != std::errc{} || head.sequence < 1 || !is_hash) {
    return Fail(Error::Invalid("head", "is no head, expected SEQUENCE:HASH as verify prints it"));
  }
  head.hash = rest.substr(1);
  return head;
}

Result<AuditHead> VerifyAudit(Database& database, const std::optional<AuditHead>& known) {
  AuditHead walked;
  std::optional<Error> fault;
  auto read = Audit(database).Each([&](const AuditEntry& entry) {
    if (fault) return;
    const std::string where = "audit entry " + std::to_string(walked.sequence + 1);
    if (entry.sequence != walked.sequence + 1) {
      fault = Error::Invalid(where, "is missing; the next is " + std::to_string(entry.sequence));
    } else if (HashOf(walked.hash, entry) != entry.hash) {
      fault = Error::Invalid(where, "was changed, or the one before it was");
    }
    walked = {entry.sequence, entry.hash};
    if (!fault && known && known->sequence == entry.sequence && known->hash != entry.hash) {
      fault = Error::Invalid("audit entry " + std::to_string(entry.sequence),
                             "is not the one whose head was given: the log was written anew");
    }
  });
  if (!read) return Fail(read.error());
  if (fault) return Fail(*fault);
  auto head = Audit(database).Head();
  if (!head) return Fail(head.error());
  const std::int64_t had = std::max(head->sequence, known ? known->sequence : 0);
  if (had == walked.sequence) {
    if (head->hash == walked.hash) return walked;
    return Fail(Error::Invalid("audit entry " + std::to_string(had),
                               "is not the one that was last written"));
  }
  return Fail(Error::Invalid("audit entry " + std::to_string(walked.sequence + 1),
                             "is missing: the log has " + std::to_string(walked.sequence) +
                                 " entries, and had " + std::to_string(had)));
}

}  // namespace pennon::store
