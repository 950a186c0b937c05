// What changes when the configuration is read again while the daemon runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/settings.h"
#include "daemon/daemon_config.h"

namespace pennon::daemon {

/// Reads the configuration again from where it was read at the start, into `config`, and checks it
/// whole. The second argument describes `config`.
using ReadConfig =
    std::function<base::Result<void>(DaemonConfig& config, base::Settings& settings)>;

struct SettingChange {
  std::string path;
  std::string before;  // as --print-config shows them; settings hold no secrets
  std::string after;
  bool needs_restart = false;
};

/// True for the settings that take effect without a restart. Some wait for one all the same, when
/// another that they depend on has changed as well and needs it.
bool CanReload(std::string_view path);

/// The settings that differ, in the order of the table. Both tables describe a DaemonConfig.
std::vector<SettingChange> Differences(const base::Settings& before, const base::Settings& after);

/// What differs in the files that both configurations name, of environments and of sources; all of
/// it needs a restart.
std::vector<SettingChange> DifferencesOfParts(const DaemonConfig& before,
                                              const DaemonConfig& after);

/// Copies the values of the settings that do not need a restart.
void TakeReloaded(base::Settings& into, const base::Settings& from);

/// One line for each; and the same as a JSON object.
void LogChanges(const std::vector<SettingChange>& changes, base::Logger& log);
std::string ChangesJson(const std::vector<SettingChange>& changes);

}  // namespace pennon::daemon
