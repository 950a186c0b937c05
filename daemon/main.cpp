// pennond: the command line.
#include <exception>
#include <iostream>
#include <new>

#include "base/command_line.h"
#include "base/core_dumps.h"
#include "base/log.h"
#include "base/out_of_memory.h"
#include "base/standard_streams.h"
#include "daemon/daemon.h"
#include "daemon/daemon_config.h"

namespace {

using namespace pennon;

constexpr std::string_view kProgram = "pennond";

int Main(int argc, char** argv, char** environment) {
  daemon::DaemonConfig config;
  base::Settings settings;
  daemon::DescribeSettings(settings, config);
  base::CommandLine command_line(std::string(kProgram),
                                 "pennond answers flag evaluations for the services of this host.",
                                 "PENNOND", settings);
  const auto ended = command_line.Read(argc, argv, environment, [&] {
    return daemon::ReadParts(config).and_then([&] { return daemon::ValidateConfig(config); });
  });
  if (ended) return *ended;

  net::IgnoreDeadlySignals();
  base::PrepareForLittleMemory(kProgram);
  if (!config.core_dumps) base::ForbidCoreDumps();
  base::Logger log(*base::ParseLogLevel(config.log_level),
                   *base::ParseLogFormat(config.log_format));
  const daemon::ReadConfig read_again = [&](daemon::DaemonConfig& next,
                                            base::Settings& table) -> base::Result<void> {
    daemon::DescribeSettings(table, next);
    auto read = command_line.ReadAgain(table, environment);
    if (!read) return read;
    return daemon::ReadParts(next)
        .and_then([&] { return daemon::ValidateConfig(next); })
        .map_error([&](const base::Error& error) { return table.Located(error); });
  };
  daemon::Daemon daemon(config, settings, read_again, log);
  if (const auto started = daemon.Start(); !started) {
    // An address that the host does not have yet, a port that somebody still has: the service
    // manager is to try again, which it does not after a mistake in the configuration.
    const bool may_pass = started.error().code() == base::ErrorCode::kUnavailable;
    return base::Complain(kProgram, settings.Located(started.error()).Message(),
                          may_pass ? base::kExitFailure : base::kExitConfiguration);
  }
  daemon.Run();
  return 0;
}

}  // namespace

int main(int argc, char** argv, char** environment) {
  base::OpenStandardStreams();
  try {
    return base::FinishOutput(kProgram, Main(argc, argv, environment));
  } catch (const std::bad_alloc&) {
    std::terminate();  // which says so without an allocation
  } catch (const std::exception& error) {
    return base::Complain(kProgram, std::string("failed: ") + error.what(), base::kExitFailure);
  }
}
