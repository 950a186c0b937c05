#include "store/reports.h"

#include <algorithm>

#include "engine/limits.h"
#include "store/reply_json.h"
#include "wire/json.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using wire::ObjectReader;

constexpr std::int64_t kHourMillis = 3'600'000;
constexpr std::size_t kTextOfOneWeight = 100;  // bytes

void CutOff(std::string& text) {
  if (text.size() <= kMaxReportedText) return;
  std::size_t end = kMaxReportedText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  text.resize(end);
}

void CheckText(ObjectReader& reader, std::string_view member, const std::string& text,
               bool may_be_empty) {
  if (reader.failed()) return;
  if (text.find('\0') != std::string::npos) reader.Invalid(member, "has a zero byte in it");
  if (text.size() > kMaxReportedText) {
    reader.Invalid(member, "is longer than " + std::to_string(kMaxReportedText) + " bytes");
  }
  if (text.empty() && !may_be_empty) reader.Invalid(member, "is empty");
}

std::optional<Error> ReadCount(const model::Value& value, const wire::Path& path,
                               UsageBatch& batch) {
  ObjectReader reader(value, path);
  UsageCount count;
  std::uint64_t evaluations = 0;
  reader.RequiredString("flag", count.flag);
  reader.String("variant", count.variant);
  reader.String("reason", count.reason);
  reader.Unsigned("evaluations", INT64_MAX >> 16, evaluations);
  CheckText(reader, "flag", count.flag, false);
  CheckText(reader, "variant", count.variant, true);
  CheckText(reader, "reason", count.reason, true);
  count.evaluations = std::min(static_cast<std::int64_t>(evaluations), kMaxEvaluations);
  if (auto error = reader.Finish()) return error;
  batch.counts.push_back(std::move(count));
  return std::nullopt;
}

std::optional<Error> ReadBatch(const model::Value& value, const wire::Path& path, Report& report) {
  ObjectReader reader(value, path);
  UsageBatch batch;
  std::int64_t hour_micros = 0;
  reader.RequiredString("id", batch.id);
  CheckText(reader, "id", batch.id, false);
  reader.RequiredInstant("hour", hour_micros);
  batch.hour = hour_micros / 1000 / kHourMillis * kHourMillis;
  reader.Each("counts", [&](const model::Value& count, const wire::Path& place) {
    return ReadCount(count, place, batch);
  });
  if (auto error = reader.Finish()) return error;
  report.usage.push_back(std::move(batch));
  return std::nullopt;
}

constexpr std::string_view kSelectDaemon =
    "SELECT instance, host, version, epoch, revision, refused, seen_at, quarantined FROM ";

DaemonRecord DaemonOf(const Row& row) {
  DaemonRecord daemon;
  daemon.instance = row.Text(0);
  daemon.host = row.Text(1);
  daemon.version = row.Text(2);
  daemon.epoch = static_cast<std::uint64_t>(row.Int(3));
  daemon.revision = static_cast<std::uint64_t>(row.Int(4));
  daemon.refused = row.Text(5);
  daemon.seen_at = row.Int(6);
  const auto quarantined = wire::ReadJson(row.Text(7));
  if (!quarantined || quarantined->AsArray() == nullptr) return daemon;
  for (const model::Value& key : *quarantined->AsArray()) {
    if (key.AsString() != nullptr) daemon.quarantined.push_back(*key.AsString());
  }
  return daemon;
}

std::string JsonTextOf(const std::vector<std::string>& keys) {
  std::vector<std::string_view> kept;
  std::size_t bytes = 0;
  for (const std::string& key : keys) {
    bytes += key.size();
    if (bytes > kMaxKeptFlagBytes) break;
    kept.push_back(key);
  }
  std::string text;
  AppendList(text, kept, base::AppendJsonString);
  return text;
}

// For LIKE, with '!' in front of what is meant as it stands.
std::string PatternFor(const std::string& key) {
  std::string json;
  base::AppendJsonString(json, key);
  std::string pattern = "%";
  for (const char c : json) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

FlagUsage UsageOf(const Row& row) {
  return {std::string(row.Text(0)), std::string(row.Text(1)), std::string(row.Text(2)), row.Int(3),
          row.Int(4)};
}

}  // namespace

std::size_t WeightOf(const Report& report) {
  std::size_t weight = 1 + report.quarantined.size() + report.usage.size();
  std::size_t text = 0;
  for (const std::string& key : report.quarantined) text += key.size();
  for (const UsageBatch& batch : report.usage) {
    weight += batch.counts.size();
    for (const UsageCount& count : batch.counts) {
      text += count.flag.size() + count.variant.size() + count.reason.size();
    }
  }
  return weight + text / kTextOfOneWeight;
}

Result<Report> ReadReport(std::string environment, const model::Value& document) {
  Report report;
  report.environment = std::move(environment);
  ObjectReader reader(document, "");
  reader.RequiredString("instance", report.instance);
  reader.String("host", report.host);
  reader.String("version", report.version);
  reader.Unsigned("epoch", INT64_MAX, report.epoch);
  reader.Unsigned("revision", INT64_MAX, report.revision);
  reader.String("refused", report.refused);
  CutOff(report.refused);
  CheckText(reader, "instance", report.instance, false);
  CheckText(reader, "host", report.host, true);
  CheckText(reader, "version", report.version, true);
  CheckText(reader, "refused", report.refused, true);
  reader.Strings("quarantined", report.quarantined);
  if (report.quarantined.size() > kMaxReportedFlags) {
    reader.Invalid("quarantined", "has more than " + std::to_string(kMaxReportedFlags) + " keys");
  }
  for (const std::string& key : report.quarantined) {
    CheckText(reader, "quarantined", key, false);
    if (key.size() > engine::kMaxKeyBytes) reader.Invalid("quarantined", "has a key too long");
  }
  std::size_t counts = 0;
  reader.Each("usage", [&](const model::Value& batch, const wire::Path& path) {
    auto error = ReadBatch(batch, path, report);
    if (!error && report.usage.size() > kMaxReportedBatches) {
      error = Error::Limit(path.Text(), "makes more than " + std::to_string(kMaxReportedBatches) +
                                            " batches in one report");
    }
    if (!error) counts += report.usage.back().counts.size();
    if (!error && counts > kMaxReportedCounts) {
      error = Error::Limit(path.Text(), "makes more than " + std::to_string(kMaxReportedCounts) +
                                            " counts in one report");
    }
    return error;
  });
  if (auto error = reader.Finish()) return Fail(*error);
  return report;
}

std::size_t DropUntimely(Report& report, base::WallMillis now) {
  return std::erase_if(report.usage, [now](const UsageBatch& batch) {
    return batch.hour < now - kMaxUsageAgeMillis || batch.hour > now + kMaxUsageAheadMillis;
  });
}

Result<void> Reports::Take(const Report& report, base::WallMillis now) {
  auto done = database_.Run(
      "INSERT INTO daemons (environment, instance, host, version, epoch, revision, refused, "
      "seen_at, quarantined) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (environment, "
      "instance) DO UPDATE SET "
      "host = excluded.host, version = excluded.version, epoch = excluded.epoch, "
      "revision = excluded.revision, refused = excluded.refused, seen_at = excluded.seen_at, "
      "quarantined = excluded.quarantined",
      report.environment, report.instance, report.host, report.version, report.epoch,
      report.revision, report.refused, now, JsonTextOf(report.quarantined));
  for (const UsageBatch& batch : report.usage) {
    if (done) done = Count(report.environment, batch, now);
  }
  return done;
}

Result<void> Reports::Count(const std::string& environment, const UsageBatch& batch,
                            base::WallMillis now) {
  auto is_new = database_.Change(
      "INSERT INTO usage_batches (environment, id, counted_at) VALUES (?, ?, ?) "
      "ON CONFLICT DO NOTHING",
      environment, batch.id, now);
  if (!is_new) return Fail(is_new.error());
  if (*is_new == 0) return {};  // its answer was lost
  for (const UsageCount& count : batch.counts) {
    auto done = database_.Run(
        "INSERT INTO usage (environment, flag, variant, reason, hour, evaluations) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (environment, flag, hour, variant, reason) "
        "DO UPDATE SET evaluations = CASE WHEN usage.evaluations > ? - excluded.evaluations "
        "THEN ? ELSE usage.evaluations + excluded.evaluations END",
        environment, count.flag, count.variant, count.reason, batch.hour, count.evaluations,
        kMaxHourlyEvaluations, kMaxHourlyEvaluations);
    if (!done) return done;
  }
  return {};
}

Result<void> Reports::LimitDaemons(std::string_view environment) {
  return database_.Run(
      "DELETE FROM daemons WHERE environment = ? AND instance IN (SELECT instance FROM daemons "
      "WHERE environment = ? ORDER BY seen_at DESC, instance DESC LIMIT ? OFFSET ?)",
      environment, environment, std::int64_t{INT64_MAX}, kMaxDaemons);
}

// By environment, as the index is. Hours far ahead are of a time when they were taken.
Result<void> Reports::Prune(base::WallMillis now) {
  return database_.Run("DELETE FROM usage_batches WHERE counted_at < ?", now - kDaemonKeptMillis)
      .and_then([&] {
        return database_.Run(
            "DELETE FROM daemons WHERE environment IN (SELECT key FROM environments) AND "
            "seen_at < ?",
            now - kDaemonKeptMillis);
      })
      .and_then([&] {
        return database_.Run("DELETE FROM usage WHERE hour < ? OR hour > ?", now - kUsageKeptMillis,
                             now + kUsageKeptMillis);
      });
}

Result<std::vector<DaemonRecord>> Reports::Daemons(const std::string& environment,
                                                   const std::string& after, std::int64_t limit) {
  std::vector<DaemonRecord> daemons;
  auto read = database_.Each(
      std::string(kSelectDaemon) +
          "daemons WHERE environment = ? AND instance > ? ORDER BY instance LIMIT ?",
      [&](const Row& row) { daemons.push_back(DaemonOf(row)); }, environment, after, limit);
  if (!read) return Fail(read.error());
  return daemons;
}

Result<std::vector<DaemonRecord>> Reports::Unable(const std::string& environment,
                                                  const std::string& flag, std::size_t limit) {
  std::vector<DaemonRecord> daemons;
  auto read = database_.Each(
      std::string(kSelectDaemon) +
          "(SELECT * FROM daemons WHERE environment = ? AND (refused <> '' OR quarantined <> '[]') "
          "ORDER BY seen_at DESC LIMIT ?) AS unable "
          "WHERE refused <> '' OR quarantined LIKE ? ESCAPE '!' ORDER BY instance LIMIT ?",
      [&](const Row& row) {
        DaemonRecord daemon = DaemonOf(row);
        const auto& keys = daemon.quarantined;
        const bool is_unable =
            !daemon.refused.empty() || std::find(keys.begin(), keys.end(), flag) != keys.end();
        if (is_unable) daemons.push_back(std::move(daemon));
      },
      environment, kMaxUnableDaemons, PatternFor(flag), limit);
  if (!read) return Fail(read.error());
  return daemons;
}

Result<std::vector<FlagUsage>> Reports::Totals(const std::string& environment,
                                               base::WallMillis since, base::WallMillis until) {
  std::vector<FlagUsage> totals;
  auto read = database_.Each(
      "SELECT flag, variant, reason, max(hour), CAST(sum(CASE WHEN evaluations > ? THEN ? ELSE "
      "evaluations END) AS BIGINT) FROM usage WHERE environment = ? AND hour >= ? AND hour < ? "
      "GROUP BY flag, variant, reason ORDER BY flag, variant, reason",
      [&](const Row& row) { totals.push_back(UsageOf(row)); }, kMaxHourlyEvaluations,
      kMaxHourlyEvaluations, environment, since, until);
  if (!read) return Fail(read.error());
  return totals;
}

Result<std::vector<FlagUsage>> Reports::Hours(const std::string& environment,
                                              const std::string& flag, base::WallMillis since,
                                              base::WallMillis until) {
  std::vector<FlagUsage> hours;
  auto read = database_.Each(
      "SELECT flag, variant, reason, hour, evaluations FROM usage WHERE environment = ? AND "
      "flag = ? AND hour >= ? AND hour < ? ORDER BY hour, variant, reason",
      [&](const Row& row) { hours.push_back(UsageOf(row)); }, environment, flag, since, until);
  if (!read) return Fail(read.error());
  return hours;
}

}  // namespace pennon::store
