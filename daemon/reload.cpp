#include "daemon/reload.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/json_text.h"
#include "base/url.h"

namespace pennon::daemon {
namespace {

// Read anew by whoever uses them, or put in force by Daemon::Reload.
constexpr std::array<std::string_view, 17> kReloadable{"http.environment",
                                                       "upstream.key_file",
                                                       "upstream.ca_file",
                                                       "upstream.client_cert_file",
                                                       "upstream.client_key_file",
                                                       "upstream.timeout",
                                                       "upstream.max_body",
                                                       "upstream.connect_timeout",
                                                       "context.fixed",
                                                       "context.headers",
                                                       "context.enforce",
                                                       "http.token_file",
                                                       "peers.environments",
                                                       "peers.admin_group",
                                                       "limits.connections_per_user",
                                                       "limits.drain_timeout",
                                                       "log.level"};

// What depends on a setting that needs a restart waits with it when both have changed. The files of
// an upstream are those of one upstream and, as a sync key is, of one environment: a new store's
// key is not for the old one's eyes.
bool Waits(std::string_view path, const std::vector<std::string>& changed) {
  const auto has_changed = [&](std::string_view other) {
    return std::find(changed.begin(), changed.end(), other) != changed.end();
  };
  if (path.starts_with("upstream.") && path.ends_with("_file")) {
    return has_changed("environment") || has_changed("upstream.kind") ||
           has_changed("upstream.url");
  }
  return path == "http.environment" && (has_changed("environment") || has_changed("environments"));
}

// An address may have a password in it, or a signature.
std::string Shown(base::Settings::Setting setting) {
  if (!setting.path.ends_with("upstream.url")) return base::ValueText(setting);
  std::string url = base::WithoutCredentials(*std::get<std::string*>(setting.target));
  setting.target = &url;
  return base::ValueText(setting);
}

std::string NameOf(const DaemonConfig& part) {
  return part.name.empty() ? part.environment : part.name;
}

using Describe = void (*)(base::Settings&, DaemonConfig&);

// Those that are new or gone show in the setting that lists them.
void AddParts(const std::string& kind, const std::vector<DaemonConfig>& before,
              const std::vector<DaemonConfig>& after, Describe describe,
              std::vector<SettingChange>& changes) {
  for (DaemonConfig was : before) {
    for (DaemonConfig is : after) {
      if (NameOf(was) != NameOf(is)) continue;
      const std::string prefix = kind + NameOf(was) + '.';
      base::Settings old;
      base::Settings next;
      describe(old, was);
      describe(next, is);
      auto of_it = Differences(old, next);
      auto of_its_parts = DifferencesOfParts(was, is);
      std::move(of_its_parts.begin(), of_its_parts.end(), std::back_inserter(of_it));
      for (SettingChange& change : of_it) {
        changes.push_back(
            {prefix + change.path, std::move(change.before), std::move(change.after), true});
      }
    }
  }
}

}  // namespace

bool CanReload(std::string_view path) {
  return std::find(kReloadable.begin(), kReloadable.end(), path) != kReloadable.end();
}

std::vector<SettingChange> DifferencesOfParts(const DaemonConfig& before,
                                              const DaemonConfig& after) {
  std::vector<SettingChange> changes;
  AddParts("sources.", before.sources, after.sources, DescribeSource, changes);
  AddParts("environments.", before.environments, after.environments, DescribeEnvironmentFile,
           changes);
  return changes;
}

std::vector<SettingChange> Differences(const base::Settings& before, const base::Settings& after) {
  std::vector<SettingChange> changes;
  const auto changed = after.ChangedSince(before);
  for (std::size_t i = 0; i < before.all().size(); ++i) {
    const auto& old = before.all()[i];
    if (base::ValueText(old) == base::ValueText(after.all()[i])) continue;
    std::string was = Shown(old);
    std::string is = Shown(after.all()[i]);
    if (was == is) is += " with other credentials";
    const bool is_taken = CanReload(old.path) && !Waits(old.path, changed);
    changes.push_back({old.path, std::move(was), std::move(is), !is_taken});
  }
  return changes;
}

void TakeReloaded(base::Settings& into, const base::Settings& from) {
  const auto changed = from.ChangedSince(into);
  for (std::size_t i = 0; i < into.all().size(); ++i) {
    const auto& to = into.all()[i];
    if (!CanReload(to.path) || Waits(to.path, changed)) continue;
    std::visit([&](auto* target) { *target = *std::get<decltype(target)>(from.all()[i].target); },
               to.target);
  }
}

void LogChanges(const std::vector<SettingChange>& changes, base::Logger& log) {
  for (const SettingChange& change : changes) {
    if (change.needs_restart) {
      log.Warn("setting changed in the file, but needs a restart",
               {{"setting", change.path}, {"in_force", change.before}, {"file", change.after}});
    } else {
      log.Info("setting changed",
               {{"setting", change.path}, {"before", change.before}, {"after", change.after}});
    }
  }
  log.Info("configuration read again", {{"changes", std::uint64_t{changes.size()}}});
}

std::string ChangesJson(const std::vector<SettingChange>& changes) {
  std::string json;
  base::JsonObject object(json);
  object.Key("changes");
  char separator = '[';
  for (const SettingChange& change : changes) {
    json += std::exchange(separator, ',');
    base::JsonObject one(json);
    one.String("setting", change.path).String("before", change.before);
    one.String("after", change.after).Bool("needsRestart", change.needs_restart).Close();
  }
  json += changes.empty() ? "[]" : "]";
  object.Close();
  return json;
}

}  // namespace pennon::daemon
