// The functions of pennon.h for a client: opening and closing, changes, asynchronous calls.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/version.h"
#include "client/c_objects.h"

using namespace pennon;
using namespace pennon::client;

pennon_client* pennon::client::Open(CoreOptions options) {
  PrepareReaders();
  return new pennon_client(std::move(options));
}

namespace {

constexpr std::uint32_t kMaxSpinMicros = 1'000;  // what the daemon takes, too

std::string TextOr(const char* given, const char* variable, const char* otherwise) {
  if (given != nullptr) return given;
  const char* const set = variable == nullptr ? nullptr : std::getenv(variable);
  return set != nullptr && *set != '\0' ? set : otherwise;
}

// What an older program knows of the options; the rest is zero.
pennon_options Complete(const pennon_options* given) {
  pennon_options options{};
  if (given != nullptr) std::memcpy(&options, given, std::min(given->size, sizeof(options)));
  return options;
}

CoreOptions OptionsOf(const pennon_options& given) {
  CoreOptions options;
  ClientOptions& frames = options.keeper.client;
  frames.socket_path =
      TextOr(given.socket_path, "PENNON_SOCKET", ClientOptions().socket_path.c_str());
  frames.environment = TextOr(given.environment, "PENNON_ENVIRONMENT", "");
  frames.name = TextOr(given.name, nullptr, "libpennon");
  if (given.timeout_ms > 0) frames.timeout_millis = given.timeout_ms;
  if (given.retry_max_ms > 0) frames.retry_max_millis = given.retry_max_ms;
  if (given.report_ms > 0) options.keeper.report_millis = given.report_ms;
  frames.spin_micros = std::min(given.spin_us, kMaxSpinMicros);
  options.keeper.maps = given.mode == PENNON_AUTO;
  options.definitions = View(given.definitions);
  options.definitions_file = View(given.definitions_file);
  options.is_embedded = given.definitions != nullptr || given.definitions_file != nullptr;
  return options;
}

}  // namespace

pennon_client* pennon_open(const pennon_options* options) {
  return Guarded([&] { return Open(OptionsOf(Complete(options))); }, nullptr);
}

void pennon_close(pennon_client* client) {
  delete client;
}

bool pennon_wait_ready(pennon_client* client, std::uint32_t timeout_ms) {
  return client != nullptr && client->core.WaitReady(timeout_ms);
}

const char* pennon_way(const pennon_client* client) {
  return client == nullptr ? "" : client->core.Way();
}

int pennon_fd(pennon_client* client) {
  return client == nullptr ? -1 : client->core.completions().fd();
}
std::size_t pennon_dispatch(pennon_client* client) {
  return client == nullptr ? 0 : client->core.completions().Run();
}

bool pennon_evaluate_async(pennon_client* client, const char* key, const pennon_context* context,
                           pennon_type type, pennon_answered answered, void* user) {
  if (client == nullptr || answered == nullptr) return false;
  return Guarded(
      [&] {
        const auto done = [answered, user](Answer& answer) {
          const pennon_detail detail{std::move(answer)};
          answered(user, &detail);
        };
        client->core.EvaluateAsync(std::string(View(key)), ContextOf(context),
                                   TypeOf(type).value_or(model::ValueType::kObject), done);
        return true;
      },
      false);
}

void pennon_on_change(pennon_client* client, pennon_changed changed, void* user) {
  if (client == nullptr) return;
  Guarded(
      [&] {
        if (changed == nullptr) {
          client->core.OnChange(nullptr);
        } else {
          client->core.OnChange([changed, user](std::uint64_t epoch, std::uint64_t revision) {
            changed(user, epoch, revision);
          });
        }
        return true;
      },
      false);
}

const char* pennon_version(void) {
  return base::Version().data();
}
