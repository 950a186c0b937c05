#include "store/backup.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/json_text.h"
#include "store/audit.h"
#include "store/environments.h"
#include "store/migrations.h"
#include "wire/json.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Value;

struct Table {
  std::string_view name;
  std::string_view columns;
  std::string_view order;
};

// In an order in which what a row refers to comes before it. Sessions, invitations and kept replies
// end within a day, and one that was ended must not come back: they are not in it.
constexpr std::array<Table, 14> kTables{{
    {"meta", "id, store_id, epoch, audit_sequence, audit_hash, token_version, last_id", "id"},
    {"environments", "key, name, epoch, revision, created_at, version, protected", "key"},
    {"flags", "key, definition, created_at, updated_at, version", "key"},
    {"flag_configs", "environment, flag, config, updated_at, version", "environment, flag"},
    {"segments", "environment, key, definition, updated_at, version", "environment, key"},
    {"lines", "environment, kind, key, bytes, digest, revision", "environment, kind, key"},
    {"audit",
     "seq, at, actor, action, environment, kind, key, version, comment, request, before, after, "
     "hash",
     "seq"},
    {"tokens", "id, kind, environment, name, hash, last4, created_at, expires_at, last_used_at",
     "id"},
    {"daemons",
     "environment, instance, host, version, epoch, revision, refused, seen_at, quarantined",
     "environment, instance"},
    {"usage", "environment, flag, variant, reason, hour, evaluations",
     "environment, flag, hour, variant, reason"},
    {"usage_batches", "environment, id, counted_at", "environment, id"},
    {"schedules", "id, environment, flag, due_at, document, actor, created_at, state, outcome",
     "id"},
    {"users", "id, name, role, password, created_at, version", "id"},
    {"user_roles", "user_id, environment, role", "user_id, environment"},
}};

std::size_t CountColumns(const Table& table) {
  return static_cast<std::size_t>(std::count(table.columns.begin(), table.columns.end(), ',')) + 1;
}

// Numbers are told from text by the column's name: PostgreSQL shows all of them as text. The id of
// a batch is the one id that a daemon makes, and its version the one that a program has.
bool IsNumber(const Table& table, std::string_view column) {
  if (table.name == "usage_batches" && column == "id") return false;
  if (table.name == "daemons" && column == "version") return false;
  constexpr std::array<std::string_view, 20> kNumbers{
      "id",          "epoch",          "revision", "created_at", "updated_at",
      "version",     "audit_sequence", "seq",      "at",         "token_version",
      "expires_at",  "last_used_at",   "last_id",  "due_at",     "hour",
      "evaluations", "counted_at",     "seen_at",  "user_id",    "protected"};
  return std::find(kNumbers.begin(), kNumbers.end(), column) != kNumbers.end();
}

std::vector<std::string_view> ColumnsOf(const Table& table) {
  std::vector<std::string_view> columns;
  for (std::string_view rest = table.columns; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(", "));
    columns.push_back(one);
    rest.remove_prefix(std::min(rest.size(), one.size() + 2));
  }
  return columns;
}

std::string LineOf(const Table& table, const std::vector<std::string_view>& columns,
                   const Row& row) {
  std::string line;
  base::JsonObject object(line);
  object.String("table", table.name);
  std::string& out = object.Key("row");
  out += '[';
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const int column = static_cast<int>(i);
    if (i != 0) out += ',';
    if (row.IsNull(column)) {
      out += "null";
    } else if (IsNumber(table, columns[i])) {
      base::AppendJsonInt(out, row.Int(column));
    } else {
      base::AppendJsonString(out, row.Text(column));
    }
  }
  out += ']';
  object.Close();
  return line + '\n';
}

Result<void> Insert(Database& database, const Table& table, const model::Array& row) {
  std::vector<Parameter> values;
  std::string marks;
  for (const Value& value : row) {
    marks += marks.empty() ? "?" : ", ?";
    if (const auto* number = value.AsInt()) {
      values.emplace_back(*number);
    } else if (const auto* text = value.AsString()) {
      values.emplace_back(std::string_view(*text));
    } else {
      values.emplace_back();
    }
  }
  return database.RunWith("INSERT INTO " + std::string(table.name) + " (" +
                              std::string(table.columns) + ") VALUES (" + marks + ')',
                          values);
}

Result<void> InsertLine(Database& database, const Value& line) {
  const Value* name = line.Find("table");
  const Value* row = line.Find("row");
  for (const Table& table : kTables) {
    if (name == nullptr || *name != Value(std::string(table.name))) continue;
    if (row == nullptr || row->AsArray() == nullptr ||
        row->AsArray()->size() != CountColumns(table)) {
      break;
    }
    return Insert(database, table, *row->AsArray());
  }
  return Fail(Error::Invalid("", "is no row of a table that this version knows"));
}

// Line by line; the numbers of lines are those of an editor.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  Result<Value> Next() {
    ++number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      return Fail(Error::Invalid(where(), "is missing: the file was cut off"));
    }
    auto value = wire::ReadJson(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    if (!value) return Fail(Error::Invalid(where(), value.error().Message()));
    return value;
  }
  [[nodiscard]] std::string where() const { return "line " + std::to_string(number_); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

Result<std::uint64_t> InsertAll(Database& database, Lines& lines) {
  auto head = lines.Next();
  if (!head) return Fail(head.error());
  const Value* version = head->Find("pennonBackup");
  if (version == nullptr || *version != Value(SchemaVersion())) {
    return Fail(Error::Invalid(
        lines.where(), "is not the head of a backup of schema " + std::to_string(SchemaVersion())));
  }
  for (std::uint64_t rows = 0;; ++rows) {
    auto line = lines.Next();
    if (!line) return Fail(line.error());
    if (const Value* count = line->Find("rows")) {
      if (*count == Value(static_cast<std::int64_t>(rows)) && lines.empty()) return rows;
      return Fail(Error::Invalid(lines.where(), "does not fit the rows before it"));
    }
    auto inserted = InsertLine(database, *line);
    if (!inserted) return Fail(Error::Invalid(lines.where(), inserted.error().Message()));
  }
}

Result<std::uint64_t> RaiseEpochs(Database& database, const std::string& actor, std::int64_t now) {
  auto all = Environments(database).All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) {
    auto epoch = database.NextEpoch(now);
    if (!epoch) return Fail(epoch.error());
    AuditEntry entry;
    entry.at = now;
    entry.actor = actor;
    entry.subject = {environment.key, "epoch", environment.key};
    entry.comment = "restored from a backup";
    entry.before = std::to_string(environment.epoch);
    entry.after = std::to_string(*epoch);
    auto recorded = Audit(database).Append(std::move(entry)).and_then([&](std::int64_t) {
      return database.Run("UPDATE environments SET epoch = ? WHERE key = ?", *epoch,
                          environment.key);
    });
    if (!recorded) return Fail(recorded.error());
  }
  return all->size();
}

}  // namespace

Result<std::uint64_t> WriteBackup(Database& database,
                                  const std::function<Result<void>(std::string_view)>& write) {
  std::uint64_t rows = 0;
  auto done = database.Snapshot([&]() -> Result<void> {
    auto written = write(R"({"pennonBackup":)" + std::to_string(SchemaVersion()) + "}\n");
    for (const Table& table : kTables) {
      const auto columns = ColumnsOf(table);
      auto read =
          database.Each("SELECT " + std::string(table.columns) + " FROM " +
                            std::string(table.name) + " ORDER BY " + std::string(table.order),
                        [&](const Row& row) {
                          if (written) written = write(LineOf(table, columns, row));
                          ++rows;
                        });
      if (!read) return read;
      if (!written) return written;
    }
    return write(R"({"rows":)" + std::to_string(rows) + "}\n");
  });
  if (!done) return Fail(done.error());
  return rows;
}

Result<Restored> RestoreBackup(Database& database, std::string_view backup,
                               const std::string& actor, std::int64_t now) {
  Restored restored;
  auto done = database.Transaction([&]() -> Result<void> {
    auto initialised = database.IsInitialised();
    if (!initialised) return Fail(initialised.error());
    if (*initialised) {
      return Fail(Error::Conflict(
          database.name(), "has a store in it already; a backup goes into an empty database"));
    }
    Lines lines(backup);
    auto rows = InsertAll(database, lines);
    if (!rows) return Fail(rows.error());
    auto environments = RaiseEpochs(database, actor, now);
    if (!environments) return Fail(environments.error());
    restored = {*rows, *environments};
    return {};
  });
  if (!done) return Fail(done.error());
  return restored;
}

}  // namespace pennon::store
