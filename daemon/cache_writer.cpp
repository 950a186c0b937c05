#include "daemon/cache_writer.h"

#include <algorithm>
#include <utility>

#include "base/thread_priority.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// A new set waits so long before it is written: those who map it have the processors and the disk
// to themselves, and of sets that follow each other at once one is written.
constexpr std::chrono::milliseconds kSettle{100};

// And while sets follow each other, writing them takes a tenth of the time, because the whole set
// is written: the disk is others', too. No set waits longer than this for it.
constexpr int kPausesPerWrite = 9;
constexpr std::chrono::milliseconds kMaxPause{1'000};

constexpr int kNicerWriter = 10;  // gets a tenth of the time of a thread that does not step back

}  // namespace

CacheWriter::CacheWriter(Cache cache, base::Logger& log, std::chrono::milliseconds max_wait)
    : path_(cache.path()), log_(log), max_wait_(max_wait), cache_(std::move(cache)) {
  NoteHealth();
  health_.error = cache_.missing();
  has_unsaved_ = !cache_.missing().empty();
  thread_.Start();
  // A new set is kept while those who asked for it map it: they come first.
  (void)thread_.Post([] { base::StepBack(kNicerWriter); });
}

void CacheWriter::Save(std::shared_ptr<const Generation> generation, Ends ends) {
  {
    const std::lock_guard lock(mutex_);
    newest_ends_ = ends;
    if (std::exchange(newest_, std::move(generation)) != nullptr) return;  // its turn will come
  }
  if (Post([this](Cache& cache) { return SaveNewest(cache); })) return;
  const std::lock_guard lock(mutex_);
  newest_.reset();
  has_unsaved_ = true;
}

void CacheWriter::GiveUp(std::shared_ptr<const Generation> generation, Ends ends) {
  const auto give_up = [this, generation = std::move(generation), ends](Cache& cache) {
    auto saved = cache.GiveUp(*generation, ends);
    NoteSaved(saved);
    return saved;
  };
  Write(give_up);
}

void CacheWriter::Write(Task task) {
  if (!Post(std::move(task))) Note(Fail(Busy()));
}

void CacheWriter::Reopen() {
  Write([](Cache& cache) { return cache.Reopen(); });
}

void CacheWriter::NothingToSave() {
  {
    const std::lock_guard lock(mutex_);
    has_unsaved_ = false;
  }
  Note({});
}

bool CacheWriter::Post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    ++unwritten_;
  }
  hurried_.notify_one();
  const auto done = [this] {
    {
      const std::lock_guard lock(mutex_);
      --unwritten_;
    }
    written_.notify_one();
  };
  const bool is_posted = thread_.Post([this, task = std::move(task), done] {
    Note(task(cache_));
    NoteHealth();
    done();
  });
  if (!is_posted) done();
  return is_posted;
}

Result<void> CacheWriter::SaveNewest(Cache& cache) {
  std::shared_ptr<const Generation> generation;
  Ends ends = Ends::kNothing;
  {
    std::unique_lock lock(mutex_);
    hurried_.wait_until(lock, std::max(Clock::now() + kSettle, not_before_),
                        [this] { return is_awaited_ || unwritten_ > 1; });
    generation = std::exchange(newest_, nullptr);
    ends = newest_ends_;
  }
  const auto began = Clock::now();
  auto saved = cache.Save(*generation, ends);
  const auto ended = Clock::now();
  not_before_ = ended + std::min<Clock::duration>(kPausesPerWrite * (ended - began), kMaxPause);
  NoteSaved(saved);
  return saved;
}

void CacheWriter::NoteSaved(const Result<void>& saved) {
  const std::lock_guard lock(mutex_);
  has_unsaved_ = !saved;
  has_remains_ = cache_.has_remains();
  if (saved) ++health_.writes;
}

bool CacheWriter::WaitForWrites() {
  std::unique_lock lock(mutex_);
  is_awaited_ = true;
  hurried_.notify_one();
  const bool is_written = written_.wait_for(lock, max_wait_, [this] { return unwritten_ == 0; });
  is_awaited_ = false;
  return is_written;
}

void CacheWriter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_awaited_ = true;
  }
  hurried_.notify_one();
  thread_.Stop();
}

void CacheWriter::NoteHealth() {
  const std::lock_guard lock(mutex_);
  health_.missing = cache_.missing();
  health_.is_unread = !health_.missing.empty() && cache_.is_unread();
  health_.damage = cache_.damage();
  has_remains_ = cache_.has_remains();
}

void CacheWriter::Note(const Result<void>& result) {
  std::string error = result ? "" : result.error().Message();
  {
    const std::lock_guard lock(mutex_);
    if (result && IsUnsaved()) return;  // something else was written; the newest set is not there
    std::swap(health_.error, error);
    if (health_.error == error) return;
    error = health_.error;
  }
  if (error.empty()) {
    log_.Info("cache is written again", {{"path", path_}});
  } else {
    log_.Error("cache is not written; answers go on from memory", {{"reason", error}});
  }
}

Error CacheWriter::Busy() const {
  return Error::Unavailable(path_, "the disk is slow; the cache is still being written");
}

CacheHealth CacheWriter::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

bool CacheWriter::HasUnsaved() const {
  const std::lock_guard lock(mutex_);
  return IsUnsaved() && newest_ == nullptr;
}

bool CacheWriter::IsAllWritten() const {
  const std::lock_guard lock(mutex_);
  return !IsUnsaved() && newest_ == nullptr && unwritten_ == 0;
}

}  // namespace pennon::daemon
