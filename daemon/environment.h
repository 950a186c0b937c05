// The flags of one environment: what is in force, where it came from, and the way of an update
// from an upstream's document to the workers and the cache.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/log.h"
#include "base/result.h"
#include "daemon/cache_writer.h"
#include "daemon/crash_record.h"
#include "daemon/daemon_config.h"
#include "daemon/mapped_images.h"
#include "daemon/publisher.h"
#include "daemon/received_set.h"
#include "daemon/set_compiler.h"
#include "daemon/upstream.h"
#include "model/diagnostic.h"
#include "serving/published.h"

namespace pennon::daemon {

/// What an operator wants to know about an environment.
struct EnvironmentState {
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  std::uint32_t flags = 0;
  serving::Source source = serving::Source::kDefault;
  bool ready = false;
  std::int64_t age_millis = 0;
  bool stale = false;
  std::vector<model::Diagnostic> diagnostics;  // of the set in force
  std::optional<base::Error> refused;          // why the last document was not put in force
  bool cache_ok = false;
  std::string cache_error;   // "" when it is off or well
  std::string cache_damage;  // what was found in it since the start; "": nothing
  std::uint64_t cache_writes = 0;
  std::string newest;       // cursor of the newest set that was accepted; "": none
  std::string held;         // cursor of the set that waits to be accepted; "": none
  bool pinned = false;      // what is in force stays, whatever the upstream has
  bool overridden = false;  // what is in force is older than the newest that was accepted
};

/// Confined to the control thread. Borrows what it is made with.
class Environment {
 public:
  Environment(const DaemonConfig& config, const base::Clock& clock, base::Logger& log,
              Publisher& publisher);

  /// Before the network is tried: the cache, else the bootstrap file, else only the defaults. Fails
  /// when the configuration is wrong: another process owns the cache, or the bootstrap file is bad.
  base::Result<void> Start();

  /// Puts an upstream's document, full or delta, in force and keeps it. An error means that it was
  /// refused, and that what was in force still is; after kConflict the full set is asked for next.
  base::Result<void> Apply(wire::SyncDocument document, std::string validator);
  /// What the upstream sent is no flag set: to be told, as a set that Apply refuses is.
  void NoteUnreadable(const base::Error& error) { refused_ = error; }
  /// The upstream said that the newest set it sent is current, so none that was held or refused is.
  void Confirm();
  /// The same, but of sets that were held or refused nothing was said.
  void Refresh();
  /// Tells clients that map flags that the daemon lives, keeps the compiled set now and then, and
  /// lets go of what only a change would need.
  void EverySecond();
  /// Makes them ask again whether they may.
  void RevokeMappings();
  /// Writes down what has not been written yet, and waits for the disk.
  void Stop();

  /// What the upstream is to be asked with.
  [[nodiscard]] KnownSet known() const;
  [[nodiscard]] EnvironmentState state() const;
  /// What answers are given from.
  [[nodiscard]] const serving::Published& published() const { return published_; }
  /// Null when there is no cache.
  [[nodiscard]] CacheWriter* cache() { return cache_ ? &*cache_ : nullptr; }

  // Orders of operators, each answered with a JSON object of what is so afterwards. A set is named
  // "<epoch>.<revision>", or by its revision alone.

  /// The sets that are kept, newest first.
  base::Result<std::string> Generations();
  /// Puts the kept set before the one in force, or the named one, in force until the upstream has a
  /// newer one than it has now.
  base::Result<std::string> Rollback(std::string_view generation);
  /// Keeps the set in force, or the named one, in force until Unpin, also over restarts.
  base::Result<std::string> Pin(std::string_view generation);
  /// Puts the newest set in force and follows the upstream again.
  base::Result<std::string> Unpin();
  /// Puts the set in force that was held back; `revision` "" is whichever it is.
  base::Result<std::string> Accept(std::string_view revision);

 private:
  base::Result<void> ReadPublicKey();
  base::Result<void> OpenCache();
  /// What the cache has of an earlier life: true when that is in force.
  bool LoadKept();
  /// What was kept beside the sets, each "" when there is none.
  struct Marks {
    std::string suspect;
    std::string proved;
    std::string serving;
    std::string pinned;
  };
  base::Result<Marks> ReadMarks();
  [[nodiscard]] Marks KnownOrder() const;
  bool LoadImage(const Marks& marks);
  bool LoadCache(const Marks& marks);
  bool StaysOrdered(const Marks& marks);
  // A cache that could not be opened, or read, at the start.
  void NoteLate();
  void TryLateCache();
  void TakeLateCache();
  bool TakeKept();
  bool TakeWhatCame();
  void SaveAnew();
  void GiveUpUnread();
  /// How a set is in force. `kept`: how many definitions of earlier sets it uses.
  struct InForce {
    std::shared_ptr<const serving::AttachedImage> image;
    std::size_t compact_size = 0;
    std::size_t kept = 0;
    serving::Published published;
    base::SteadyMillis in_force_at = 0;
    bool is_proved = false;
  };
  [[nodiscard]] std::size_t KeptCount() const;
  [[nodiscard]] InForce NoteInForce() const;
  void StayInForce(const InForce& before);
  void StopLateCache();
  [[nodiscard]] base::Result<void> CheckNotLate() const;
  wire::SyncLines TrustedLines(const Generation& generation);
  /// Once the cache has the definitions, only their compiled form needs to be in memory.
  void LetGoOfDefinitions();
  /// Reads them again, for what is done with a set that is not just answered from. An error: they
  /// are not to be had, of what is in force only the head and the compiled form are known.
  base::Result<void> Complete();
  /// Keys of the newest set's flags, in order.
  [[nodiscard]] std::vector<std::string_view> NewestKeys() const;
  void LoadOverride(const Marks& marks);
  /// Notes the set that the crashes of the last minute are put down to.
  void FindSuspect(const Marks& marks);
  std::optional<Generation> LoadUnsuspected(Cache& cache);
  /// There is something else to serve than the set with this cursor.
  bool HasOtherThan(const std::string& set);
  /// Notes, once, that what is in force has been so for as long as crashes are remembered.
  void NoteProved();
  base::Result<void> LoadBootstrap();
  base::Result<void> CompileDefaults();
  base::Result<void> Check(const ReceivedSet& set, bool is_full);
  base::Result<void> CheckOrder(const ReceivedSet& set, bool is_full);
  /// Puts it in force, holds it back or refuses it. `confirmed_at`: when the upstream had it.
  base::Result<void> Take(ReceivedSet set, bool is_full, base::SteadyMillis confirmed_at);
  base::Result<void> Accept(ReceivedSet set, base::SteadyMillis confirmed_at);
  base::Result<void> Refuse(const base::Error& error);
  /// Compiles and puts in force a kept set that is not the newest.
  base::Result<void> Override(const Generation& generation);
  base::Result<Generation> FindKept(std::string_view name);
  base::Result<std::string> OrderDone();
  /// Writes down what is ordered, or that nothing is.
  void NoteOrder();
  [[nodiscard]] std::shared_ptr<const serving::SetDifference> DifferenceTo(
      const CompiledSet& next) const;
  void PutInForce(CompiledSet compiled, serving::Source source, base::SteadyMillis confirmed_at);
  /// What is in force with these definitions instead of its own; none when there are no lines.
  [[nodiscard]] std::optional<CompiledSet> InForceWith(const wire::SyncLines& lines) const;
  /// `own`: those that the set had when it was in force before.
  wire::SyncLines KeptLines(const CompiledSet& compiled, const wire::SyncLines& own);
  void Save();
  /// What the newest set ends when it is saved.
  [[nodiscard]] Ends EndsOfSave() const {
    return is_overridden_ || is_pinned_ ? Ends::kSuspicion : Ends::kOverride;
  }
  void ConfirmCached();
  void KeepImage();
  void Publish();
  /// Null when sets need not be signed.
  [[nodiscard]] const base::Ed25519Verifier* PublicKey() const {
    return public_key_ ? &*public_key_ : nullptr;
  }

  const DaemonConfig& config_;
  const base::Clock& clock_;
  base::Logger& log_;
  Publisher& publisher_;
  MappedImages mapped_;

  std::optional<base::Ed25519Verifier> public_key_;
  std::optional<CacheWriter> cache_;
  struct LateCache {
    base::SteadyMillis since = 0;
    base::SteadyMillis next_at = 0;  // it is tried again
    std::int64_t pause = 0;
    bool was_read = false;     // in vain, since it was opened last
    bool is_save_due = false;  // newest_ has come meanwhile
  };
  std::optional<LateCache> late_;  // it could not be opened, or read, at the start, nor since
  std::optional<CrashRecord> crashes_;
  std::string suspect_;  // cursor of a set that seems to crash the daemon; "": none
  std::optional<ReceivedSet>
      newest_;  // from the upstream, now or once; the others are measured by it
  std::optional<ReceivedSet> held_;  // waits for somebody to accept it
  CompiledSet compiled_;             // what is in force; no image: nothing is
  bool is_overridden_ = false;       // it is not newest_
  bool is_pinned_ = false;
  std::optional<base::SteadyMillis> order_due_at_;  // to be written down; none: it is
  std::optional<Generation> ordered_;               // meanwhile, of a set that may not be kept
  bool is_set_back_ = false;  // what is in force is older than one that was, and nobody ordered it
  bool wants_full_ = false;   // a delta did not fit
  serving::Published published_;
  std::optional<base::Error> refused_;
  bool is_incomplete_ = false;                 // of newest_ and compiled_, the definitions are left
  base::SteadyMillis changed_at_ = 0;          // or completed
  base::SteadyMillis in_force_at_ = 0;         // what is in force
  bool is_proved_ = false;                     // that is noted
  base::SteadyMillis cache_confirmed_at_ = 0;  // or last written
  bool is_trim_due_ = false;                   // memory was let go of since the last second
  std::string kept_image_;                     // version of the image that the cache has
  base::SteadyMillis image_kept_at_ = 0;
  base::SteadyMillis started_at_ = 0;
};

}  // namespace pennon::daemon
