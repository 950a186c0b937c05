// The body of GET /sync/v1/flagset: newline-delimited JSON, a head line and one line a flag or
// segment; or, as a delta, only those that are new, changed or deleted since a revision. Digests
// are over the bytes of the lines as sent; nothing is ever re-serialised to verify.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/shared_list.h"
#include "model/flag_set.h"

namespace pennon::wire {

/// The header of an answer without a body (nothing is new): nobody else's 204 has it.
inline constexpr std::string_view kSyncMark = "pennon";

enum class LineKind : std::uint8_t { kFlag, kSegment };
inline std::string_view Name(LineKind kind) {
  return kind == LineKind::kFlag ? "flag" : "segment";
}

/// One definition as sent: `{"kind":"flag","key":"checkout",…}` without the newline. Immutable, and
/// shared by its copies.
class SyncLine {
 public:
  SyncLine(LineKind kind, std::string_view key, std::string_view bytes);

  [[nodiscard]] LineKind kind() const { return kind_; }
  [[nodiscard]] std::string_view key() const {
    return {text_.get() + Name(kind_).size() + 1, key_size_};
  }
  [[nodiscard]] std::string_view bytes() const { return {text_.get() + entry_size_, bytes_size_}; }
  /// SHA-256 of the bytes, hexadecimal.
  [[nodiscard]] std::string_view digest() const {
    return entry().substr(Name(kind_).size() + 1 + key_size_ + 1, base::kSha256HexSize);
  }
  /// "kind key digest\n": what the digest of a set is of.
  [[nodiscard]] std::string_view entry() const { return {text_.get(), entry_size_}; }

 private:
  // The entry and the bytes in one piece: who goes through a set waits for memory once a line.
  std::shared_ptr<const char[]> text_;
  std::uint32_t entry_size_ = 0;
  std::uint32_t key_size_ = 0;
  std::uint32_t bytes_size_ = 0;
  LineKind kind_ = LineKind::kFlag;
};

using SyncLines = base::SharedList<SyncLine>;

/// The order of a set: of kind and key.
bool ComesFirst(const SyncLine& a, const SyncLine& b);

struct SyncHead {
  std::string environment;
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint64_t flags = 0;     // number of flag lines that follow
  std::uint64_t segments = 0;  // number of segment lines that follow
  std::string signature;       // base64, of SignedText; "": it is not signed
  std::string set_digest;      // of the whole set, also in a delta
  std::optional<std::uint64_t>
      since;  // a delta: the revision of the same epoch that it goes on from
};

struct LineName {
  LineKind kind = LineKind::kFlag;
  std::string key;
};

struct SyncDocument {
  SyncHead head;
  std::vector<SyncLine> lines;
  std::vector<LineName> deleted;  // in a delta only
};

/// A whole set, in its order.
struct SyncSet {
  SyncHead head;
  SyncLines lines;
};

/// What is signed: that this set is the environment's at this place of its history.
std::string SignedText(const SyncHead& head);

/// Makes the line of a definition (a JSON object): its members after "kind" and "key".
SyncLine MakeSyncLine(LineKind kind, std::string_view key, const model::Object& definition);

/// The line of a definition that is known to exist but could not be read: it is quarantined, with
/// `reason` as the error.
SyncLine MakeUnreadableLine(LineKind kind, std::string_view key, std::string_view reason);

/// SHA-256 over the entries of all lines in their order. Confined to one thread.
class SetDigester {
 public:
  /// How many lines ahead Expect is worth it.
  static constexpr std::size_t kAhead = 8;

  /// Asks the processor for the memory of a line that will be added soon; does not wait.
  static void Expect(const SyncLine& line) {
    __builtin_prefetch(line.entry().data());
    __builtin_prefetch(line.entry().data() + line.entry().size());
  }
  /// To be called in the order of the lines.
  void Add(const SyncLine& line);
  std::string Finish();

 private:
  base::Sha256 hash_;
  std::string gathered_;  // not hashed yet: a call for each entry costs more than hashing it
};
std::string SetDigest(const std::vector<SyncLine>& lines);
std::string SetDigest(const SyncLines& lines);

/// The document's text: head line (with set digest and counts filled in) and lines.
std::string WriteSyncDocument(SyncHead head, const std::vector<SyncLine>& lines);

/// A delta's text; `head.set_digest` and `head.since` are the caller's.
std::string WriteSyncDelta(SyncHead head, const std::vector<SyncLine>& lines,
                           const std::vector<LineName>& deleted);

/// The whole set that a delta makes of the lines, in their order, of the revision that it goes on
/// from; kInvalid when it does not give the set that its digest is of.
base::Result<SyncSet> MergeDelta(const SyncLines& lines, SyncDocument delta);

/// Reads and verifies a body: syntax of the head, counts, unique keys, set digest. A body that was
/// cut off anywhere is an error; of a delta, the set digest is for MergeDelta to verify. The
/// definitions inside the lines are not read yet.
base::Result<SyncDocument> ReadSyncDocument(std::string_view body);

/// Reads the definitions. One that cannot be read goes to `broken_flags` or `broken_segments`.
model::FlagSet ReadDefinitions(const SyncHead& head, const std::vector<SyncLine>& lines);
model::FlagSet ReadDefinitions(const SyncHead& head, const SyncLines& lines);

}  // namespace pennon::wire
