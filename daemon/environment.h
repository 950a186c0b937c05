// The flags of one environment: what is in force, where it came from, and the way of an update
// from an upstream's document to the workers and the cache.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "daemon/cache.h"
#include "daemon/daemon_config.h"
#include "daemon/mapped_images.h"
#include "daemon/publisher.h"
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
  std::string cache_error;  // "" when it is off or well
  std::uint64_t cache_writes = 0;
};

/// Confined to the control thread. Borrows what it is made with.
class Environment {
 public:
  Environment(const DaemonConfig& config, const base::Clock& clock, base::Logger& log,
              Publisher& publisher);

  /// Before the network is tried: the cache, else the bootstrap file, else only the defaults. Fails
  /// when the configuration is wrong: another process owns the cache, or the bootstrap file is bad.
  base::Result<void> Start();

  /// Puts an upstream's document in force and keeps it. An error means that it was refused, and
  /// that what was in force still is.
  base::Result<void> Apply(wire::SyncDocument document, std::string validator);
  /// The upstream said that the set in force is current.
  void Confirm();
  /// Tells clients that map flags that the daemon lives.
  void Beat() { mapped_.Beat(); }
  /// Makes them ask again whether they may.
  void RevokeMappings();
  /// Writes down what has not been written yet.
  void Stop();

  /// What the upstream is to be asked with; "" when nothing from it is in force.
  [[nodiscard]] const std::string& validator() const { return validator_; }
  [[nodiscard]] EnvironmentState state() const;

 private:
  struct Compiled;
  base::Result<void> OpenCache();
  bool LoadCache();
  base::Result<void> LoadBootstrap();
  base::Result<void> CompileDefaults();
  base::Result<void> CheckRevision(const wire::SyncHead& head) const;
  base::Result<Compiled> Compile(const model::FlagSet& set, const model::FlagSet* in_force) const;
  void PutInForce(Compiled compiled, model::FlagSet set, serving::Source source,
                  base::SteadyMillis confirmed_at);
  std::vector<wire::SyncLine> KeptLines(const Compiled& compiled);
  void Save(Generation generation);
  void ConfirmCached();
  void NoteCache(const base::Result<void>& result);
  void Publish();

  const DaemonConfig& config_;
  const base::Clock& clock_;
  base::Logger& log_;
  Publisher& publisher_;
  MappedImages mapped_;

  std::optional<Cache> cache_;
  model::FlagSet in_force_;  // the definitions that count, quarantined ones replaced
  std::string set_digest_;
  std::string validator_;
  serving::Published published_;
  std::vector<model::Diagnostic> diagnostics_;
  std::optional<base::Error> refused_;
  std::string cache_error_;
  std::uint64_t cache_writes_ = 0;
  std::optional<Generation> unsaved_;  // the set in force, while the cache does not have it
  base::SteadyMillis cache_confirmed_at_ = 0;
};

}  // namespace pennon::daemon
