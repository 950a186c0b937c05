// A store in a PostgreSQL database, which several processes may share.
#pragma once

#include <chrono>
#include <optional>

#include "store/driver.h"

struct pg_conn;
struct pg_result;

namespace pennon::store {

/// Told after each change, so that replicas look (NOTIFY).
inline constexpr std::string_view kNoticeChannel = "pennon";

/// libpq's connection, the caller's to end, also when it has failed. Gives up after 5 seconds.
pg_conn* ConnectPostgres(const std::string& address);

/// One connection, made anew when it was lost between transactions. A writer holds the lock on the
/// row of `pennon_schema`, so replicas change one after the other.
class PostgresDriver final : public Driver {
 public:
  /// True for `postgres://…` and `postgresql://…`.
  static bool IsAddress(std::string_view location);
  static base::Result<std::unique_ptr<Driver>> Open(const std::string& address);

  [[nodiscard]] const std::string& name() const override { return name_; }
  base::Result<void> Execute(const std::string& script) override;
  base::Result<void> MakeAppendOnly(const std::string& table) override;
  base::Result<std::int64_t> Run(std::string_view sql, std::span<const Parameter> values,
                                 const RowReader& row) override;
  /// kUnavailable when the connection is lost at the commit: whether it was made is not known then.
  base::Result<void> Transaction(const std::function<base::Result<void>()>& body) override;
  base::Result<void> Snapshot(const std::function<base::Result<void>()>& body) override;
  base::Result<void> Rehearsal(const std::function<base::Result<void>()>& body) override;
  void Announce() override;
  [[nodiscard]] bool IsShared() const override { return true; }
  base::Result<std::int64_t> SchemaVersion() override;
  base::Result<void> SetSchemaVersion(std::int64_t version) override;

 private:
  class Leave;
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  explicit PostgresDriver(pg_conn* connection);
  base::Result<void> Greet();      // what a new connection begins with
  base::Result<void> Connected();  // connects again when it has to
  base::Result<void> Begin();
  base::Result<void> Undone(base::Result<void> begun,
                            const std::function<base::Result<void>()>& body);
  base::Result<void> Command(const std::string& sql);
  /// Of what was sent; kUnavailable when the server stands still, and then the connection is given
  /// up.
  base::Result<void> Answered();

  std::unique_ptr<pg_conn, Finish> connection_;
  std::string name_;
  bool in_transaction_ = false;
  bool is_adrift_ = false;  // with a transaction that nobody will end, or without an answer
  // Why there was no connection to be had, and until when that is the answer.
  std::optional<base::Error> lost_;
  std::chrono::steady_clock::time_point lost_until_;
};

}  // namespace pennon::store
