// What becomes of a cache whose file is damaged, gone, or not given by the disk.
#include <cstdio>

#include "base/utf8.h"
#include "daemon/cache.h"
#include "daemon/cache_file.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// Damage may be in any text of the file, and what is said of it goes into JSON.
std::string Readable(std::string_view damage) {
  std::string text(damage);
  for (std::size_t good = 0;
       (good += base::ValidUtf8Prefix(std::string_view(text).substr(good))) < text.size();) {
    text[good] = '?';
  }
  return text;
}

}  // namespace

void Cache::NoteDamage(std::string_view what) {
  damage_ = Readable(what);
}

// Perhaps it can be another time: the file is given up when there is a newer set to take its place,
// but not for want of memory, which says nothing of the file.
void Cache::NoteUnread(const Error& why) {
  log_->Error("cache cannot be read", {{"path", options_.path}, {"reason", why.Message()}});
  missing_ = why.Message();
  is_unread_ = why.code() == base::ErrorCode::kUnavailable;
  if (is_unread_) NoteDamage(missing_);
}

Result<void> Cache::Reconnect() {
  database_.reset();  // its locks would keep the new one out
  auto database = OpenCacheFile(options_);
  missing_ = database ? "" : database.error().Message();
  if (!database) return Fail(database.error());
  database_ = std::move(*database);
  return {};
}

Result<void> Cache::Reopen() {
  if (!lock_) {
    auto lock = base::LockFile::Acquire(options_.path + ".lock");
    missing_ = lock ? "" : lock.error().Message();
    if (!lock) return Fail(lock.error());
    lock_.emplace(std::move(*lock));
  }
  auto opened = Reconnect();
  // See Load. Who holds it was waited for already.
  if (!opened && !IsHeldByAnother(opened.error())) opened = Reconnect();
  if (!opened && opened.error().code() == base::ErrorCode::kInvalid) {
    log_->Error("cache moved aside", {{"path", options_.path}, {"reason", opened.error().what()}});
    MoveCacheAside(options_.path);
    NoteDamage(opened.error().Message());
    opened = Reconnect();
  }
  if (opened) {
    is_unread_ = false;  // or so it will be found
    NoteFile();
  }
  return opened;
}

Result<void> Cache::StayInPlace() {
  return !database_ || IsFileInPlace() ? Result<void>() : PutBack();
}

// The file that has no name any more can still be read: with all that is not of the newest set. An
// error: there is no room for it, and it stays what it is until there is.
Result<void> Cache::PutBack() {
  MoveCacheAside(options_.path);  // what has taken its place, if anything
  auto copy = database_->Prepare("VACUUM INTO ?");
  auto copied = copy ? copy->Bind(1, options_.path).Run() : Result<void>(Fail(copy.error()));
  if (!copied) {
    std::remove(options_.path.c_str());  // a half of it
    return Fail(Error::Unavailable(options_.path, copied.error().what()));
  }
  NoteDamage("the file was removed or replaced");
  log_->Error("cache put back", {{"path", options_.path}, {"reason", damage_}});
  return Reopen();
}

// A pin or a rollback is of use only with the set that it is about.
Cache::Remains Cache::ReadRemains(const Generation* generation, Ends ends) {
  Remains remains;
  const auto keep = [&](const std::string& name) {
    std::string text = Mark(name).value_or("");
    if (!text.empty()) remains.marks.emplace(name, std::move(text));
  };
  for (const char* name : {"instance", "proved", "suspect"}) keep(name);
  const std::string serving = ends == Ends::kOverride ? "" : Mark("serving").value_or("");
  if (generation == nullptr || serving.empty()) return remains;
  if (auto whole = LoadMarked(serving)) {
    remains.serving = *std::move(whole);
    keep("serving");
    keep("pinned");
  }
  return remains;
}

Result<void> Cache::SaveAll(const Generation* generation, Ends ends) {
  auto saved = database_->Transaction([&]() -> Result<void> {
    if (remains_) {
      for (const auto& [name, text] : remains_->marks) {
        if (auto marked = PutMark(name, text); !marked) return marked;
      }
      const auto& serving = remains_->serving;
      if (serving && (generation == nullptr || NameOf(*serving) != NameOf(*generation))) {
        if (auto inserted = Insert(*serving, Ends::kNothing); !inserted) return inserted;
      }
    }
    return generation != nullptr ? Insert(*generation, ends) : Result<void>();
  });
  if (saved) remains_.reset();
  return saved;
}

// SQLite's own checks miss most damage, so a file in which any was found is not trusted further
// than digests and orders go.
Result<void> Cache::StartAnew(std::string_view why, const Generation* generation, Ends ends) {
  log_->Error("cache moved aside", {{"path", options_.path}, {"reason", why}});
  NoteDamage(why);
  remains_ = ReadRemains(generation, ends);
  database_.reset();
  MoveCacheAside(options_.path);
  if (auto opened = Reopen(); !opened) {
    log_->Error("cache cannot be made anew", {{"reason", opened.error().Message()}});
    return opened;
  }
  auto saved = SaveAll(generation, ends);
  if (!saved) {
    log_->Error("cache cannot be written", {{"reason", saved.error().Message()}});
  }
  return saved;
}

Result<void> Cache::GiveUp(const Generation& generation, Ends ends) {
  return StartAnew(missing_, &generation, ends);
}

}  // namespace pennon::daemon
