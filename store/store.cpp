// Every object of the running store, built from top to bottom.
#include "store/store.h"

#include <csignal>
#include <optional>

#include "base/file.h"
#include "base/out_of_memory.h"
#include "base/version.h"
#include "engine/spare_memory.h"
#include "net/control_loop.h"
#include "net/http_protocol.h"
#include "net/worker_pool.h"
#include "store/broadcast.h"
#include "store/replica_watch.h"
#include "store/request_handler.h"
#include "store/scheduler.h"
#include "wire/problem.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::int64_t kHeartbeatMillis = 15'000;

Result<Database> OpenInitialised(const std::string& location) {
  auto database = Database::Open(location);
  if (!database) return database;
  auto initialised = database->IsInitialised();
  if (!initialised) return Fail(initialised.error());
  if (*initialised) return database;
  return Fail(
      Error::NotFound(database->name(),
                      "is not initialised; run: pennon-store init --database " + database->name()));
}

Result<std::optional<base::Ed25519Signer>> ReadSigner(const std::string& path) {
  constexpr std::size_t kMaxKeyBytes = 4096;
  if (path.empty()) return std::nullopt;
  auto pem = base::ReadSecretFile(path, kMaxKeyBytes);
  if (!pem) return Fail(pem.error());
  auto signer = base::Ed25519Signer::FromPem(*pem, path);
  if (!signer) return Fail(signer.error());
  return *std::move(signer);
}

net::ConnectionLimits LimitsOf(const StoreConfig& config) {
  net::ConnectionLimits limits;
  limits.max_connections = static_cast<std::size_t>(config.max_connections);
  limits.message_deadline_millis = config.request_timeout.millis;
  limits.write_deadline_millis = config.write_timeout.millis;
  limits.idle_deadline_millis = config.idle_timeout.millis;
  limits.memory = std::make_shared<net::MemoryBudget>(config.max_memory.bytes);
  return limits;
}

std::string ErrorBody(int status, std::string_view what) {
  const bool too_large = status == 413 || status == 431;
  return wire::ProblemDocument(
      status, too_large ? Error::Limit("request", what) : Error::Invalid("request", what));
}

void LogFaults(const Ledger& ledger, base::Logger& log) {
  for (const auto& [environment, set] : ledger.sets()) {
    for (const model::Diagnostic& diagnostic : set->diagnostics) {
      log.Warn("definition quarantined",
               {{"environment", environment}, {"reason", diagnostic.error.Message()}});
    }
  }
}

// Says it when it begins and ends, not every second in between.
void Refresh(Ledger& ledger, base::Logger& log, std::atomic<bool>& answers) {
  const auto done = ledger.Refresh();
  const bool answered = answers.exchange(done.has_value());
  if (!done && answered) {
    log.Warn("database does not answer", {{"reason", done.error().Message()}});
  } else if (done && !answered) {
    log.Info("database answers");
  }
}

// What can be changed while it runs; the rest is named, and waits for a restart.
void Reload(const Reread& reread, CurrentTls& tls, RateLimiter& api_rate, base::Logger& log) {
  StoreConfig fresh;
  auto changed = reread(fresh);
  auto certificate = changed ? tls.Reload() : Fail(changed.error());
  if (!certificate) {
    log.Error("reload refused; the store goes on as it was",
              {{"reason", certificate.error().Message()}});
    return;
  }
  log.SetLevel(*base::ParseLogLevel(fresh.log_level));
  api_rate.SetRate(fresh.api_rate);
  std::string waiting;
  for (const std::string& path : *changed) {
    if (path != "log.level" && path != "limits.api_rate") waiting += ' ' + path;
  }
  log.Info("reloaded", {{"certificate", tls.Describe()},
                        {"log_level", fresh.log_level},
                        {"api_rate", fresh.api_rate}});
  if (!waiting.empty()) log.Warn("settings wait for a restart", {{"settings", waiting.substr(1)}});
}

}  // namespace

Result<StoreKeys> ReadKeys(const StoreConfig& config) {
  auto signer = ReadSigner(config.signing_key_file);
  if (!signer) return Fail(signer.error());
  auto tls = CurrentTls::Read(config.tls_certificate_file, config.tls_key_file);
  if (!tls) return Fail(tls.error());
  return StoreKeys{*std::move(signer), *std::move(tls)};
}

Result<void> Serve(const StoreConfig& config, StoreKeys keys, const Reread& reread,
                   base::Logger& log) {
  net::IgnoreDeadlySignals();
  const base::SystemClock clock;
  CurrentTls& tls = *keys.tls;
  const auto proxies = TrustedProxies::Parse(config.trusted_proxies);
  if (!proxies) return Fail(proxies.error());
  auto database = OpenInitialised(config.database);
  if (!database) return Fail(database.error());
  auto ledger = Ledger::Load(*database, clock);
  if (!ledger) return Fail(ledger.error());
  LogFaults(**ledger, log);
  auto readers = ReaderPool::Open(config.database, static_cast<std::size_t>(config.readers), clock);
  if (!readers) return Fail(readers.error());
  auto socket =
      net::ListenTcp(config.listen_address, static_cast<std::uint16_t>(config.listen_port));
  if (!socket) return Fail(socket.error());

  Api api(**ledger);
  const net::ConnectionLimits connection_limits = LimitsOf(config);
  StoreMetrics metrics(*connection_limits.memory);
  base::TaskThread database_thread;
  base::TaskThread password_thread(kMaxQueuedPasswords);
  TokenUse token_use;
  ReportIntake reports(*database, database_thread, clock);
  SignIn sign_in(**ledger, database_thread, password_thread, log);
  RateLimiter api_rate(config.api_rate);
  StreamSeats event_seats(metrics.event_streams);
  SyncPress sync_press;
  std::atomic<bool> draining = false;
  const RequestServices services{api,
                                 database_thread,
                                 **readers,
                                 metrics,
                                 token_use,
                                 reports,
                                 log,
                                 clock,
                                 sign_in,
                                 api_rate,
                                 *proxies,
                                 event_seats,
                                 config.max_streams,
                                 draining,
                                 *connection_limits.memory,
                                 sync_press};
  std::vector<std::unique_ptr<RequestHandler>> handlers;
  for (std::int64_t i = 0; i < config.workers; ++i) {
    handlers.push_back(std::make_unique<RequestHandler>(services));
    for (const auto* counts : handlers.back()->evaluation_counts()) metrics.AddEvaluations(*counts);
  }
  const net::HttpLimits http_limits{static_cast<std::size_t>(config.max_header.bytes),
                                    static_cast<std::size_t>(config.max_body.bytes)};
  net::ProtocolFactory speak = [&](std::size_t worker, const net::Peer& peer,
                                   net::LateAnswer late) {
    return net::MakeHttpProtocol(*handlers[worker], http_limits, ErrorBody, std::move(late),
                                 peer.address);
  };
  if (tls.is_on()) speak = net::WithTls([&tls] { return tls.get(); }, std::move(speak));

  net::ControlLoop control;
  control.OnSignals({SIGTERM, SIGINT, SIGHUP}, [&](int number) {
    if (number != SIGHUP) return control.Stop();
    Reload(reread, tls, api_rate, log);
  });
  net::WorkerPool workers(handlers.size());
  Broadcast broadcast(workers, handlers, **readers, keys.signer ? &*keys.signer : nullptr);
  workers.Start();
  (*ledger)->Listen(broadcast);  // before there are connections, so no request comes too early
  database_thread.Start();
  password_thread.Start();
  (*readers)->Start();
  sync_press.Start([&](const Pressed& pressed) { broadcast.OnPressed(pressed); });
  const net::Listener& listener = workers.Serve(*socket, connection_limits, speak);
  metrics.SetListener(listener);
  log.Info("serving", {{"version", base::Version()},
                       {"address", config.listen_address},
                       {"port", static_cast<int>(listener.port())},
                       {"certificate", tls.Describe()},
                       {"database", database->name()},
                       {"environments", std::uint64_t{(*ledger)->sets().size()}}});
  std::optional<ReplicaWatch> watch;
  if (database->IsShared()) {
    watch.emplace(config.database, [&, ledger = ledger->get()] {
      static_cast<void>(database_thread.Post(
          [&log, &metrics, ledger] { Refresh(*ledger, log, metrics.database_answers); }));
    });
  }
  net::ControlLoop::Timer clockwork;
  const std::function<void()> tick = [&] {
    if (base::RefillMemoryReserve()) log.Warn("memory ran out, and the reserve was spent");
    static_cast<void>(
        database_thread.Post([&log, ledger = ledger->get()] { RunDueSchedules(*ledger, log); }));
    clockwork = control.After(kSchedulerMillis, tick);
  };
  tick();
  net::ControlLoop::Timer heartbeat;
  const std::function<void()> beat = [&] {
    broadcast.Beat();
    static_cast<void>(database_thread.Post([&] {
      static_cast<void>(token_use.Write(**ledger));  // again at the next beat
      static_cast<void>(Users(*database).DeleteEnded(clock.Wall()));
      static_cast<void>(Replies(*database).Prune(clock.Wall()));
      static_cast<void>(Reports(*database).Prune(clock.Wall()));
    }));
    heartbeat = control.After(kHeartbeatMillis, beat);
  };
  beat();
  engine::KeepSpareMemory();
  control.Run();

  log.Info("stopping");
  draining = true;
  broadcast.EndStreams();
  workers.Stop(config.drain.millis);
  sync_press.Stop();
  (*readers)->Stop();
  password_thread.Stop();
  database_thread.Stop();
  log.Info("stopped");
  return {};
}

}  // namespace pennon::store
