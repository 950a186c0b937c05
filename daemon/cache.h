// The flag sets that survive the process: a SQLite file of generations.
//
// Rules (docs/adr/0004-cache.md): one connection owns the file, a lock file beside it says so; the
// file is never opened but through SQLite; every row carries a digest of ours that is checked when
// it is loaded; the entity tag is committed together with the lines it stands for; damage moves the
// file aside and never deletes it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/lock_file.h"
#include "base/log.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "engine/image_bytes.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

/// One flag set as it is kept. `kept` are the lines, from earlier sets, that quarantined flags and
/// segments still use.
struct Generation {
  wire::SyncHead head;
  wire::SyncLines lines;
  wire::SyncLines kept;
  std::string validator;
  base::WallMillis confirmed_at = 0;  // when the upstream last said that it is current
};

/// The compiled form of a generation; of that only the head, the tag and the time are there.
struct KeptImage {
  Generation generation;
  engine::ImageBytes image;
};

/// What tells a kept generation from another one.
struct GenerationName {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  bool operator==(const GenerationName&) const = default;
};
inline GenerationName NameOf(const Generation& of) {
  return {of.head.epoch, of.head.revision};
}
struct GenerationInfo {
  GenerationName name;
  std::uint64_t flags = 0;
  base::WallMillis confirmed_at = 0;
};

/// The disk, or memory, has not given what was asked for: it may be there all the same.
inline bool IsNotGiven(const base::Error& error) {
  return error.code() == base::ErrorCode::kUnavailable ||
         error.code() == base::ErrorCode::kNoMemory;
}

/// What a set that is kept ends with it, or a start in between would find neither the order nor
/// what has ended it: nothing, the mark "suspect", or that and "serving".
enum class Ends : std::uint8_t { kNothing, kSuspicion, kOverride };

struct CacheOptions {
  std::string path;
  std::string environment;  // these two identify whose flags the file holds
  std::string upstream;
  std::int64_t generations = 3;
};

/// Confined to the control thread.
class Cache {
 public:
  /// Takes the lock and opens or creates the file. A file that is damaged, of another format or of
  /// another environment is moved aside. Fails when another process owns it, or its place is no
  /// file's; other trouble with the place may end: then it is a cache that is `missing`.
  static base::Result<Cache> Open(const CacheOptions& options, base::Logger& log);
  /// Opens what is missing, or anew what there is.
  base::Result<void> Reopen();
  /// Why there is no file, or why the disk did not give what is in it; "": all is well.
  [[nodiscard]] const std::string& missing() const { return missing_; }

  /// A file is open, and the disk did not give all that is in it.
  [[nodiscard]] bool is_unread() const { return is_unread_ && database_.has_value(); }
  /// For what Load does not read, such as marks: `read`(Cache&) gives a Result. What is not given,
  /// or damaged, as SQLite calls a disk that fails at times, is read once more, on a new
  /// connection. When it is not given then, the file is `missing` until Reopen.
  template <typename Read>
  std::invoke_result_t<Read, Cache&> ReadTwice(Read read) {
    auto result = read(*this);
    const bool is_damaged = !result && result.error().code() == base::ErrorCode::kInvalid;
    if (result || !database_ || (!is_damaged && !IsNotGiven(result.error()))) return result;
    if (Reopen()) result = read(*this);
    if (!result && IsNotGiven(result.error())) NoteUnread(result.error());
    return result;
  }
  /// Of a file that was made anew, what stays of the one before is not written: Save tries again.
  [[nodiscard]] bool has_remains() const { return remains_.has_value(); }

  /// The newest generation that is whole, or none. Damaged ones are passed over, and the file is
  /// made anew from the one found. When the disk does not give it at two attempts, the file stays,
  /// and is `missing`: Reopen may find it well.
  std::optional<Generation> Load();

  /// One that is kept; kNotFound when it is not, kInvalid when it is damaged.
  base::Result<Generation> LoadNamed(const GenerationName& name);
  /// The one that a mark names: "<epoch>.<revision>".
  base::Result<Generation> LoadMarked(std::string_view cursor);
  /// kNotFound when that one is not kept.
  base::Result<void> CheckHolds(std::string_view cursor);
  /// All that are kept, newest first.
  base::Result<std::vector<GenerationInfo>> List();

  /// Adds a generation and drops the oldest beyond the limit, in one transaction; one that the mark
  /// "serving" names stays. When the file turns out to be damaged it is made anew with this one.
  base::Result<void> Save(const Generation& generation, Ends ends = Ends::kNothing);
  /// Moves a file aside that the disk does not give, and keeps the generation in a new one.
  base::Result<void> GiveUp(const Generation& generation, Ends ends);
  /// Keeps the image of the newest generation instead of the one that was kept before. Nothing is
  /// kept when `of` is not the newest, or has lines of earlier sets.
  base::Result<void> SaveImage(const GenerationName& of, std::span<const std::byte> image);
  /// The image that this very program made of the newest generation, if it was kept. To be attached
  /// like bytes from anywhere.
  std::optional<KeptImage> LoadImage();

  /// Notes that the newest generation was confirmed.
  base::Result<void> Confirm(base::WallMillis confirmed_at);

  /// A short text that is kept under a name: "serving" (the generation in force when it is not the
  /// newest), "pinned", "suspect", "instance". "" is none, and removes it.
  base::Result<std::string> Mark(std::string_view name);
  base::Result<void> SetMark(std::string_view name, std::string_view text);
  /// All of them, or none.
  using MarkTexts = std::vector<std::pair<std::string_view, std::string_view>>;
  base::Result<void> SetMarks(const MarkTexts& marks);

  /// For what else is kept in the file; null while there is none.
  [[nodiscard]] base::Sqlite* database() { return database_ ? &*database_ : nullptr; }
  /// Whether the file was moved aside, or parts of it refused, since it was opened.
  [[nodiscard]] const std::string& damage() const { return damage_; }
  [[nodiscard]] const std::string& path() const { return options_.path; }

 private:
  Cache(CacheOptions options, base::Logger& log) : options_(std::move(options)), log_(&log) {}

  /// Over all that a reader acts on; confirmed_at, which changes without a new generation, is not
  /// part of it.
  static std::string DigestOf(const Generation& generation);
  base::Result<void> Insert(const Generation& generation, Ends ends);
  base::Result<void> PutMark(std::string_view name, std::string_view text);
  base::Result<void> InsertLines(std::int64_t id, const wire::SyncLines& lines, bool kept);
  base::Result<void> Prune(std::int64_t newest);
  /// Without the lines, and the digest that the whole must have.
  base::Result<std::pair<Generation, std::string>> LoadHead(std::int64_t id);
  base::Result<Generation> LoadOne(std::int64_t id);
  struct Found {
    std::optional<Generation> generation;
    std::string damage;                 // "": none was seen
    std::optional<base::Error> unread;  // what the disk, or memory, did not give
  };
  Found FindNewest();
  base::Result<std::int64_t> NewestId();
  base::Result<GenerationName> FindMarked(std::string_view cursor);
  base::Result<void> LoadLines(std::int64_t id, Generation& generation);
  void NoteDamage(std::string_view what);
  void NoteUnread(const base::Error& why);
  base::Result<void> Reconnect();
  base::Result<void> StayInPlace();
  base::Result<void> PutBack();
  /// What stays of a file in which damage was found, beside the generation that is found or saved.
  struct Remains {
    std::map<std::string, std::string, std::less<>> marks;
    std::optional<Generation> serving;
  };
  Remains ReadRemains(const Generation* generation, Ends ends);
  /// The remains, if any, and `generation`, if any, in one transaction.
  base::Result<void> SaveAll(const Generation* generation, Ends ends);
  base::Result<void> StartAnew(std::string_view why, const Generation* generation, Ends ends);
  void NoteFile();
  [[nodiscard]] bool IsFileInPlace() const;
  [[nodiscard]] base::Error NoFile() const;

  CacheOptions options_;
  std::optional<base::LockFile> lock_;
  std::optional<base::Sqlite> database_;
  base::Logger* log_;
  std::string damage_;
  std::string missing_;
  std::optional<Remains> remains_;  // not written yet
  bool is_unread_ = false;          // the disk has not given what is in the file
  bool is_file_known_ = false;      // by the two that follow
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

}  // namespace pennon::daemon
