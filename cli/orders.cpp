#include "cli/orders.h"

#include <poll.h>

#include <iostream>
#include <utility>

#include "base/json_text.h"
#include "base/visible_text.h"
#include "cli/commands.h"
#include "cli/indented_json.h"
#include "cli/style.h"
#include "cli/table.h"
#include "client/frame_connection.h"
#include "wire/frame_control.h"
#include "wire/frame_request.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using client::FrameConnection;

constexpr std::uint32_t kHelloId = 1;
constexpr std::uint32_t kSubscribeId = 2;
constexpr int kRetryMillis = 500;

// The first change on this connection, or why there is none.
base::Result<client::Frame> Subscribe(FrameConnection& connection,
                                      const client::ClientOptions& options,
                                      const std::string& version) {
  const auto deadline = client::DeadlineIn(options.timeout_millis);
  if (auto connected = connection.Connect(options.socket_path, deadline); !connected) {
    return base::Fail(connected.error());
  }
  std::string hello;
  wire::AppendHello(hello, kHelloId,
                    {wire::kFrameProtocolVersion, options.environment, options.name});
  if (auto welcome = connection.Exchange(hello, kHelloId, wire::FrameType::kWelcome, deadline);
      !welcome) {
    return base::Fail(welcome.error());
  }
  std::string subscribe;
  wire::AppendSubscribe(subscribe, kSubscribeId, version);
  return connection.Begin(subscribe, kSubscribeId, wire::FrameType::kChanged, deadline);
}

void Print(const wire::FrameChanged& changed, bool json) {
  if (json) {
    std::string text;
    base::JsonObject object(text);
    object.Uint("epoch", changed.epoch).Uint("revision", changed.revision);
    object.String("source", Name(changed.source)).String("version", changed.version);
    object.Bool("all", changed.scope == wire::ChangeScope::kAll).Key("flags");
    text += '[';
    for (const std::string_view key : changed.keys) {
      if (text.back() != '[') text += ',';
      base::AppendJsonString(text, key);
    }
    text += ']';
    object.Close();
    std::cout << text << std::endl;
    return;
  }
  std::cout << Styled("revision " + std::to_string(changed.revision), Style::kBold) << " ("
            << Name(changed.source) << "):";
  if (changed.scope == wire::ChangeScope::kAll) std::cout << " all flags";
  for (const std::string_view key : changed.keys) std::cout << ' ' << key;
  std::cout << std::endl;
}

}  // namespace

int GiveOrder(client::Client& client, const std::string& verb, const std::string& argument,
              bool json) {
  const auto answer = client.Order(verb, argument);
  if (!answer) return Complain(answer.error(), kExitFailure);
  const auto value = wire::ReadJson(*answer);
  if (json || !value) {
    std::cout << *answer << '\n';
    return 0;
  }
  const model::Value* const generations = value->Find("generations");
  if (generations == nullptr || generations->AsArray() == nullptr ||
      generations->AsArray()->empty()) {
    std::cout << IndentedJson(*value) << '\n';
    return 0;
  }
  std::vector<std::string> columns;
  for (const auto& [name, member] : *generations->AsArray()->front().AsObject()) {
    columns.push_back(name);
  }
  std::cout << RenderObjects(*generations, columns);
  return 0;
}

int Watch(const client::ClientOptions& options, std::int64_t count, bool json) {
  FrameConnection connection;
  std::string version;
  bool was_connected = false;
  bool is_away = false;
  for (std::int64_t seen = 0; count == 0 || seen < count;) {
    base::Result<client::Frame> frame = base::Fail(base::Error::Unavailable("", ""));
    if (!connection.IsOpen()) {
      frame = Subscribe(connection, options, version);
    } else {
      pollfd waiting{connection.fd(), POLLIN, 0};
      if (::poll(&waiting, 1, -1) <= 0) continue;
      frame = connection.Next(kSubscribeId, wire::FrameType::kChanged,
                              client::DeadlineIn(options.timeout_millis));
    }
    if (!frame) {
      if (!was_connected) return Complain(frame.error(), kExitFailure);
      // Said once for each outage: silence would mean that nothing changes.
      if (!std::exchange(is_away, true)) {
        std::cerr << "pennon: " << base::VisibleText(frame.error().Message()) << "; trying again\n";
      }
      connection.Close();
      ::poll(nullptr, 0, kRetryMillis);
      continue;
    }
    const auto changed = wire::DecodeChanged(frame->payload);
    if (!changed) return Complain(changed.error(), kExitFailure);
    was_connected = true;
    is_away = false;
    if (changed->scope == wire::ChangeScope::kNone) continue;  // a sign of life
    ++seen;
    version = changed->version;
    Print(*changed, json);
    if (!std::cout) break;  // which main says
  }
  return 0;
}

}  // namespace pennon::cli
