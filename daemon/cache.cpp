#include "daemon/cache.h"

#include <cstdio>

#include "base/digest.h"
#include "daemon/cache_file.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using wire::LineKind;
using wire::SyncLine;

// Over the fields that a reader acts on; confirmed_at changes without a new generation and is not
// among them.
std::string DigestOf(const Generation& generation) {
  base::Sha256 hash;
  hash.Update(generation.head.environment);
  hash.Update("\n" + std::to_string(generation.head.epoch) + ' ' +
              std::to_string(generation.head.revision) + ' ' + generation.head.set_digest + ' ' +
              wire::SetDigest(generation.kept) + '\n');
  hash.Update(generation.validator);
  return hash.FinishHex();
}

}  // namespace

Cache::Cache(CacheOptions options, base::LockFile lock, base::Sqlite database, base::Logger& log)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      database_(std::move(database)),
      log_(&log) {}

Result<Cache> Cache::Open(const CacheOptions& options, base::Logger& log) {
  auto lock = base::LockFile::Acquire(options.path + ".lock");
  if (!lock) return Fail(lock.error());
  auto database = OpenCacheFile(options);
  if (!database && database.error().code() == base::ErrorCode::kInvalid) {
    log.Error("cache moved aside", {{"path", options.path}, {"reason", database.error().what()}});
    MoveCacheAside(options.path);
    database = OpenCacheFile(options);
  }
  if (!database) return Fail(database.error());
  return Cache(options, std::move(*lock), std::move(*database), log);
}

std::optional<Generation> Cache::Load() {
  auto ids = database_->Prepare("SELECT id FROM generation ORDER BY id DESC");
  std::string damage = ids ? "" : ids.error().Message();
  std::vector<std::int64_t> newest_first;
  while (ids) {
    const auto row = ids->Step();
    if (!row) damage = row.error().Message();
    if (!row || !*row) break;
    newest_first.push_back(ids->Int(0));
  }
  if (ids) ids->Reset();
  for (const std::int64_t id : newest_first) {
    auto generation = LoadOne(id);
    if (generation && damage.empty()) return std::move(*generation);
    if (generation) {
      StartAnew(damage, &*generation);
      return std::move(*generation);
    }
    damage = generation.error().Message();
    log_->Error("cached generation refused",
                {{"path", options_.path}, {"id", id}, {"reason", damage}});
  }
  if (!damage.empty()) StartAnew(damage, nullptr);
  return std::nullopt;
}

Result<Generation> Cache::LoadOne(std::int64_t id) {
  auto select = database_->Prepare(
      "SELECT epoch, revision, set_digest, validator, confirmed_at, digest FROM generation "
      "WHERE id = ?");
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
  const std::string digest(select->Text(5));
  select->Reset();
  auto loaded = LoadLines(id, generation);
  if (!loaded) return Fail(loaded.error());
  if (wire::SetDigest(generation.lines) != generation.head.set_digest ||
      DigestOf(generation) != digest) {
    return Fail(Error::Invalid("generation " + std::to_string(id), "does not match its digest"));
  }
  return generation;
}

Result<void> Cache::LoadLines(std::int64_t id, Generation& generation) {
  auto select = database_->Prepare(
      "SELECT kind, key, bytes, digest, kept FROM line WHERE generation = ? ORDER BY rowid");
  if (!select) return Fail(select.error());
  select->Bind(1, id);
  while (true) {
    const auto row = select->Step();
    if (!row) return Fail(row.error());
    if (!*row) return {};
    SyncLine line;
    line.kind = select->Int(0) == 0 ? LineKind::kFlag : LineKind::kSegment;
    line.key = select->Text(1);
    line.bytes = select->Text(2);
    line.digest = select->Text(3);
    if (base::Sha256Hex(line.bytes) != line.digest) {
      return Fail(Error::Invalid(line.key, "does not match its digest"));
    }
    const bool kept = select->Int(4) != 0;
    if (!kept) ++(line.kind == LineKind::kFlag ? generation.head.flags : generation.head.segments);
    (kept ? generation.kept : generation.lines).push_back(std::move(line));
  }
}

// SQLite's own checks miss most damage, so a file in which any was found is not trusted further.
void Cache::StartAnew(std::string_view why, const Generation* generation) {
  log_->Error("cache moved aside", {{"path", options_.path}, {"reason", why}});
  database_.reset();
  MoveCacheAside(options_.path);
  auto database = OpenCacheFile(options_);
  if (!database) {
    log_->Error("cache cannot be made anew", {{"reason", database.error().Message()}});
    return;
  }
  database_ = std::move(*database);
  if (generation == nullptr) return;
  if (auto saved = Save(*generation); !saved) {
    log_->Error("cache cannot be written", {{"reason", saved.error().Message()}});
  }
}

Result<void> Cache::Save(const Generation& generation) {
  if (!database_) return Fail(Error::Internal(options_.path, "there is no cache file"));
  log_->Debug("cache transaction begins", {{"revision", generation.head.revision}});
  auto saved = database_->Transaction([&] { return Insert(generation); });
  log_->Debug("cache transaction ended", {{"revision", generation.head.revision}});
  return saved;
}

Result<void> Cache::Insert(const Generation& generation) {
  auto insert = database_->Prepare(
      "INSERT INTO generation (epoch, revision, set_digest, validator, confirmed_at, digest) "
      "VALUES (?, ?, ?, ?, ?, ?) RETURNING id");
  if (!insert) return Fail(insert.error());
  insert->BindAll(static_cast<std::int64_t>(generation.head.epoch),
                  static_cast<std::int64_t>(generation.head.revision),
                  std::string_view(generation.head.set_digest),
                  std::string_view(generation.validator), generation.confirmed_at,
                  std::string_view(DigestOf(generation)));
  const auto row = insert->Step();
  if (!row) return Fail(row.error());
  const std::int64_t id = insert->Int(0);
  insert->Reset();
  auto lines = InsertLines(id, generation.lines, false);
  if (lines) lines = InsertLines(id, generation.kept, true);
  if (!lines) return lines;
  for (const std::string_view table : {"line WHERE generation", "generation WHERE id"}) {
    auto prune = database_->Prepare("DELETE FROM " + std::string(table) + " <= ?");
    if (!prune) return Fail(prune.error());
    prune->Bind(1, id - options_.generations);
    if (auto pruned = prune->Run(); !pruned) return pruned;
  }
  return {};
}

Result<void> Cache::InsertLines(std::int64_t id, const std::vector<SyncLine>& lines, bool kept) {
  auto insert = database_->Prepare(
      "INSERT INTO line (generation, kind, key, bytes, digest, kept) VALUES (?, ?, ?, ?, ?, ?)");
  if (!insert) return Fail(insert.error());
  for (const SyncLine& line : lines) {
    insert->BindAll(id, static_cast<std::int64_t>(line.kind), std::string_view(line.key),
                    std::string_view(line.bytes), std::string_view(line.digest),
                    std::int64_t{kept ? 1 : 0});
    if (auto inserted = insert->Run(); !inserted) return inserted;
  }
  return {};
}

Result<void> Cache::Confirm(base::WallMillis confirmed_at) {
  if (!database_) return Fail(Error::Internal(options_.path, "there is no cache file"));
  auto update = database_->Prepare(
      "UPDATE generation SET confirmed_at = ? WHERE id = (SELECT max(id) FROM generation)");
  if (!update) return Fail(update.error());
  return update->Bind(1, confirmed_at).Run();
}

std::optional<SyncLine> Cache::FindLine(LineKind kind, const std::string& key) {
  if (!database_) return std::nullopt;
  auto select = database_->Prepare(
      "SELECT bytes, digest FROM line WHERE generation = (SELECT max(id) FROM generation) "
      "AND kind = ? AND key = ? ORDER BY kept DESC LIMIT 1");
  if (!select) return std::nullopt;
  select->BindAll(static_cast<std::int64_t>(kind), std::string_view(key));
  const auto row = select->Step();
  if (!row || !*row) return std::nullopt;
  return SyncLine{kind, key, std::string(select->Text(0)), std::string(select->Text(1))};
}

}  // namespace pennon::daemon
