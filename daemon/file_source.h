// A file of flag definitions as source: native, flagd or Unleash, JSON or YAML, watched.
#pragma once

#include <optional>
#include <string>

#include "daemon/daemon_config.h"
#include "daemon/file_watch.h"
#include "daemon/source.h"
#include "net/control_loop.h"

namespace pennon::daemon {

/// Confined to the control thread. Borrows what it is made with.
class FileSource final : public Source {
 public:
  FileSource(const DaemonConfig& config, net::ControlLoop& control)
      : config_(config), control_(control) {}

  void Fetch(const std::string& validator, std::function<void(SourceResult)> done) override;
  void Watch(std::function<void()> changed) override;
  [[nodiscard]] std::string identity() const override { return config_.upstream_file; }

 private:
  SourceResult Read(const std::string& validator);

  const DaemonConfig& config_;
  net::ControlLoop& control_;
  std::optional<FileWatch> watch_;
};

}  // namespace pennon::daemon
