#include "daemon/cache.h"

#include <sys/stat.h>

#include "base/digest.h"
#include "daemon/cache_file.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using wire::LineKind;
using wire::SyncLine;

std::string Text(const GenerationName& name) {
  return std::to_string(name.epoch) + '.' + std::to_string(name.revision);
}

}  // namespace

void Cache::NoteFile() {
  struct stat info {};
  is_file_known_ = ::stat(options_.path.c_str(), &info) == 0;
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

// SQLite would go on writing to a file that has no name any more, and say that all is well.
bool Cache::IsFileInPlace() const {
  struct stat info {};
  return !is_file_known_ || (::stat(options_.path.c_str(), &info) == 0 && info.st_dev == device_ &&
                             info.st_ino == inode_);
}

std::string Cache::DigestOf(const Generation& generation) {
  base::Sha256 hash;
  hash.Update(generation.head.environment);
  hash.Update("\n" + std::to_string(generation.head.epoch) + ' ' +
              std::to_string(generation.head.revision) + ' ' + generation.head.set_digest + ' ' +
              wire::SetDigest(generation.kept) + '\n');
  hash.Update(generation.validator);
  if (!generation.head.signature.empty()) hash.Update('\n' + generation.head.signature);
  return hash.FinishHex();
}

Result<Cache> Cache::Open(const CacheOptions& options, base::Logger& log) {
  Cache cache(options, log);
  auto opened = cache.Reopen();
  if (!opened && opened.error().code() == base::ErrorCode::kConflict) return Fail(opened.error());
  return cache;
}

Error Cache::NoFile() const {
  return Error::Unavailable("", missing_);
}

std::optional<Generation> Cache::Load() {
  if (!database_) return std::nullopt;
  Found found = FindNewest();
  // A disk that fails once may do so for the last time, and SQLite calls some of that damage: it is
  // damage when a new connection finds it, too.
  if (!found.damage.empty() || found.unread) {
    const auto again = Reconnect();
    if (again) {
      found = FindNewest();
    } else if (again.error().code() != base::ErrorCode::kInvalid) {
      found.damage.clear();
      found.unread = again.error();
    }
  }
  if (found.unread) {  // a file that may have more than is seen is not made anew
    NoteUnread(*found.unread);
  } else if (!found.damage.empty()) {
    static_cast<void>(
        StartAnew(found.damage, found.generation ? &*found.generation : nullptr, Ends::kNothing));
  }
  return std::move(found.generation);
}

Cache::Found Cache::FindNewest() {
  Found found;
  const auto note = [&found](const Error& error) {
    if (!IsNotGiven(error)) {
      found.damage = error.Message();
    } else if (!found.unread || found.unread->code() == base::ErrorCode::kNoMemory) {
      found.unread = error;
    }
  };
  auto ids = database_->Prepare("SELECT id FROM generation ORDER BY id DESC");
  if (!ids) note(ids.error());
  std::vector<std::int64_t> newest_first;
  while (ids) {
    const auto row = ids->Step();
    if (!row) note(row.error());
    if (!row || !*row) break;
    newest_first.push_back(ids->Int(0));
  }
  if (ids) ids->Reset();
  for (const std::int64_t id : newest_first) {
    auto generation = LoadOne(id);
    if (generation) {
      found.generation = std::move(*generation);
      break;
    }
    note(generation.error());
    log_->Error("cached generation refused",
                {{"path", options_.path}, {"id", id}, {"reason", generation.error().Message()}});
  }
  return found;
}

Result<std::int64_t> Cache::NewestId() {
  auto select = database_->Prepare("SELECT max(id) FROM generation HAVING count(*) > 0");
  const auto row = select ? select->Step() : Fail(select.error());
  if (!row) return Fail(row.error());
  if (*row) return select->Int(0);
  return Fail(Error::NotFound(options_.path, "holds no generation"));
}

Result<std::pair<Generation, std::string>> Cache::LoadHead(std::int64_t id) {
  auto select = database_->Prepare(
      "SELECT epoch, revision, set_digest, validator, confirmed_at, digest, signature "
      "FROM generation WHERE id = ?");
  if (!select) return Fail(select.error());
  select->Bind(1, id);
  const auto row = select->Step();
  if (!row) return Fail(row.error());
  Generation generation;
  generation.head.environment = options_.environment;
  generation.head.epoch = static_cast<std::uint64_t>(select->Int(0));
  generation.head.revision = static_cast<std::uint64_t>(select->Int(1));
  generation.head.set_digest = select->Text(2);
  generation.validator = select->Text(3);
  generation.confirmed_at = select->Int(4);
  std::string digest(select->Text(5));
  generation.head.signature = select->Text(6);
  return std::pair(std::move(generation), std::move(digest));
}

Result<Generation> Cache::LoadOne(std::int64_t id) {
  auto head = LoadHead(id);
  if (!head) return Fail(head.error());
  auto& [generation, digest] = *head;
  auto loaded = LoadLines(id, generation);
  if (!loaded) return Fail(loaded.error());
  if (wire::SetDigest(generation.lines) != generation.head.set_digest ||
      DigestOf(generation) != digest) {
    return Fail(Error::Invalid("generation " + std::to_string(id), "does not match its digest"));
  }
  return std::move(generation);
}

// In the order of the index: to sort what is of no known size would take a temporary file.
Result<void> Cache::LoadLines(std::int64_t id, Generation& generation) {
  auto select = database_->Prepare(
      "SELECT kind, key, bytes, digest, kept FROM line WHERE generation = ? ORDER BY kind, key");
  if (!select) return Fail(select.error());
  select->Bind(1, id);
  while (true) {
    const auto row = select->Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    const LineKind kind = select->Int(0) == 0 ? LineKind::kFlag : LineKind::kSegment;
    SyncLine line(kind, select->Text(1), select->Text(2));
    if (line.digest() != select->Text(3)) {
      return Fail(Error::Invalid(line.key(), "does not match its digest"));
    }
    const bool kept = select->Int(4) != 0;
    if (!kept) ++(kind == LineKind::kFlag ? generation.head.flags : generation.head.segments);
    (kept ? generation.kept : generation.lines).push_back(std::move(line));
  }
}

Result<void> Cache::Save(const Generation& generation, Ends ends) {
  if (auto placed = StayInPlace(); !placed) return placed;
  if (!database_) {  // the disk may be well again
    if (auto opened = Reopen(); !opened) return opened;
  }
  log_->Debug("cache transaction begins", {{"revision", generation.head.revision}});
  auto saved = SaveAll(&generation, ends);
  log_->Debug("cache transaction ended", {{"revision", generation.head.revision}});
  if (saved) {
    is_unread_ = false;
    missing_.clear();
  }
  const bool is_lost =
      !saved && (saved.error().code() == base::ErrorCode::kInvalid ||
                 (is_unread_ && saved.error().code() == base::ErrorCode::kUnavailable));
  if (!is_lost) return saved;
  return StartAnew(saved.error().Message(), &generation, ends);
}

Result<void> Cache::Insert(const Generation& generation, Ends ends) {
  if (ends != Ends::kNothing) {
    auto ended = PutMark("suspect", "");
    for (const char* const order : {"serving", "pinned"}) {
      if (ended && ends == Ends::kOverride) ended = PutMark(order, "");
    }
    if (!ended) return ended;
  }
  auto insert = database_->Prepare(
      "INSERT INTO generation (epoch, revision, set_digest, validator, confirmed_at, digest, "
      "signature) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id");
  if (!insert) return Fail(insert.error());
  insert->BindAll(static_cast<std::int64_t>(generation.head.epoch),
                  static_cast<std::int64_t>(generation.head.revision),
                  std::string_view(generation.head.set_digest),
                  std::string_view(generation.validator), generation.confirmed_at,
                  std::string_view(DigestOf(generation)),
                  std::string_view(generation.head.signature));
  const auto row = insert->Step();
  if (!row) return Fail(row.error());
  const std::int64_t id = insert->Int(0);
  insert->Reset();
  auto lines = InsertLines(id, generation.lines, false);
  if (lines) lines = InsertLines(id, generation.kept, true);
  if (!lines) return lines;
  return Prune(id);
}

Result<void> Cache::Prune(std::int64_t newest) {
  for (const std::string_view table : {"line WHERE generation", "generation WHERE id"}) {
    const std::string column(table.substr(table.find("WHERE ") + 6));
    auto prune =
        database_->Prepare("DELETE FROM " + std::string(table) + " <= ? AND " + column +
                           " NOT IN (SELECT id FROM generation JOIN mark ON name = 'serving' "
                           "AND text = epoch || '.' || revision)");
    if (!prune) return Fail(prune.error());
    prune->Bind(1, newest - options_.generations);
    if (auto pruned = prune->Run(); !pruned) return pruned;
  }
  return {};
}

Result<void> Cache::InsertLines(std::int64_t id, const wire::SyncLines& lines, bool kept) {
  auto insert = database_->Prepare(
      "INSERT INTO line (generation, kind, key, bytes, digest, kept) VALUES (?, ?, ?, ?, ?, ?)");
  if (!insert) return Fail(insert.error());
  for (const SyncLine& line : lines) {
    insert->BindAll(id, static_cast<std::int64_t>(line.kind()), line.key(), line.bytes(),
                    line.digest(), std::int64_t{kept ? 1 : 0});
    if (auto inserted = insert->Run(); !inserted) return inserted;
  }
  return {};
}

Result<void> Cache::Confirm(base::WallMillis confirmed_at) {
  if (auto placed = StayInPlace(); !placed) return placed;
  if (!database_) return Fail(NoFile());
  auto update = database_->Prepare(
      "UPDATE generation SET confirmed_at = ? WHERE id = (SELECT max(id) FROM generation)");
  if (!update) return Fail(update.error());
  return update->Bind(1, confirmed_at).Run();
}

Result<Generation> Cache::LoadNamed(const GenerationName& name) {
  if (!database_) return Fail(NoFile());
  auto select = database_->Prepare(
      "SELECT max(id) FROM generation WHERE epoch = ? AND revision = ? HAVING count(*) > 0");
  if (!select) return Fail(select.error());
  select->BindAll(static_cast<std::int64_t>(name.epoch), static_cast<std::int64_t>(name.revision));
  const auto row = select->Step();
  if (!row) return Fail(row.error());
  if (*row) {
    const std::int64_t id = select->Int(0);
    select->Reset();
    return LoadOne(id);
  }
  return Fail(Error::NotFound(Text(name), "is no kept generation"));
}

Result<GenerationName> Cache::FindMarked(std::string_view cursor) {
  const auto list = List();
  if (!list) return Fail(list.error());
  for (const GenerationInfo& info : *list) {
    if (Text(info.name) == cursor) return info.name;
  }
  return Fail(Error::NotFound(cursor, "is no kept generation"));
}

Result<void> Cache::CheckHolds(std::string_view cursor) {
  if (remains_ && remains_->serving && Text(NameOf(*remains_->serving)) == cursor) return {};
  const auto name = FindMarked(cursor);
  return name ? Result<void>() : Fail(name.error());
}

Result<Generation> Cache::LoadMarked(std::string_view cursor) {
  if (remains_ && remains_->serving && Text(NameOf(*remains_->serving)) == cursor) {
    return *remains_->serving;
  }
  const auto name = FindMarked(cursor);
  return name ? LoadNamed(*name) : Fail(name.error());
}

Result<std::vector<GenerationInfo>> Cache::List() {
  if (!database_) return Fail(NoFile());
  auto select = database_->Prepare(
      "SELECT epoch, revision, confirmed_at, (SELECT count(*) FROM line WHERE generation = id "
      "AND kind = 0 AND kept = 0) FROM generation ORDER BY id DESC");
  if (!select) return Fail(select.error());
  std::vector<GenerationInfo> list;
  while (true) {
    const auto row = select->Step();
    if (!row) return Fail(row.error());
    if (!*row) return list;
    list.push_back(
        {{static_cast<std::uint64_t>(select->Int(0)), static_cast<std::uint64_t>(select->Int(1))},
         static_cast<std::uint64_t>(select->Int(3)),
         select->Int(2)});
  }
}

Result<std::string> Cache::Mark(std::string_view name) {
  if (remains_) {
    const auto remains = remains_->marks.find(name);
    return remains == remains_->marks.end() ? std::string() : remains->second;
  }
  if (!database_) return Fail(NoFile());
  auto select = database_->Prepare("SELECT text FROM mark WHERE name = ?");
  if (!select) return Fail(select.error());
  select->Bind(1, name);
  const auto row = select->Step();
  if (!row) return Fail(row.error());
  return *row ? std::string(select->Text(0)) : std::string();
}

Result<void> Cache::SetMark(std::string_view name, std::string_view text) {
  return SetMarks({{name, text}});
}

Result<void> Cache::SetMarks(const MarkTexts& marks) {
  if (auto placed = StayInPlace(); !placed) return placed;
  if (!database_) return Fail(NoFile());
  if (remains_) {
    for (const auto& [name, text] : marks) remains_->marks[std::string(name)] = text;
    return Fail(Error::Unavailable("", "the new file cannot be written yet"));
  }
  return database_->Transaction([&] {
    Result<void> put;
    for (const auto& [name, text] : marks) {
      if (put) put = PutMark(name, text);
    }
    return put;
  });
}

Result<void> Cache::PutMark(std::string_view name, std::string_view text) {
  auto set =
      database_->Prepare(text.empty() ? "DELETE FROM mark WHERE name = ?"
                                      : "INSERT INTO mark (name, text) VALUES (?, ?) "
                                        "ON CONFLICT (name) DO UPDATE SET text = excluded.text");
  if (!set) return Fail(set.error());
  set->Bind(1, name);
  if (!text.empty()) set->Bind(2, text);
  return set->Run();
}

}  // namespace pennon::daemon
