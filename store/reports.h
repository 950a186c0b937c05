// What daemons report: who they are, what they have in force, what was evaluated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/value.h"
#include "store/database.h"

namespace pennon::store {

inline constexpr std::size_t kMaxReportedCounts = 20'000;  // of one report
inline constexpr std::size_t kMaxReportedBatches = 1'000;
inline constexpr std::size_t kMaxReportedFlags = 1'000;   // quarantined ones
inline constexpr std::size_t kMaxKeptFlagBytes = 32'768;  // of their keys; more are left out
inline constexpr std::size_t kMaxReportedText = 500;      // bytes; a longer reason is cut off
/// A count that is larger is taken for this one, and so is what an hour has of one variant and
/// reason: every sum of what is kept fits.
inline constexpr std::int64_t kMaxEvaluations = 1'000'000'000'000;
inline constexpr std::int64_t kMaxHourlyEvaluations = 10 * kMaxEvaluations;
/// Usage of other hours is not counted: daemons wait for no store that long, and clocks are wrong.
inline constexpr base::WallMillis kMaxUsageAgeMillis = 35LL * 86'400'000;
inline constexpr base::WallMillis kMaxUsageAheadMillis = 2LL * 3'600'000;
inline constexpr base::WallMillis kUsageKeptMillis = 90LL * 86'400'000;
inline constexpr base::WallMillis kDaemonKeptMillis = 7LL * 86'400'000;
/// Of an environment: those that were seen last are kept.
inline constexpr std::int64_t kMaxDaemons = 20'000;
/// Those that are looked at for warnings when a flag changes: the ones that were seen last.
inline constexpr std::int64_t kMaxUnableDaemons = 5'000;

struct UsageCount {
  std::string flag;
  std::string variant;  // "" for answers without one
  std::string reason;   // as OFREP has it; "" when the daemon does not say
  std::int64_t evaluations = 0;
};
/// What was evaluated in one hour; counted once, however often it is sent.
struct UsageBatch {
  std::string id;
  base::WallMillis hour = 0;  // its beginning
  std::vector<UsageCount> counts;
};
struct Report {
  std::string environment;
  std::string instance;  // the same for the life of a daemon
  std::string host;
  std::string version;
  std::uint64_t epoch = 0;  // of the set in force; 0 and 0: none
  std::uint64_t revision = 0;
  std::string refused;                   // why the last set was not put in force, or ""
  std::vector<std::string> quarantined;  // flags of the set in force that it cannot evaluate
  std::vector<UsageBatch> usage;
};
/// What it is to memory and to the database, in counts: text weighs as well.
std::size_t WeightOf(const Report& report);
/// From a daemon's document; kInvalid names the place.
base::Result<Report> ReadReport(std::string environment, const model::Value& document);
/// Takes out the batches of hours that are over for too long or do not come soon; returns how many.
std::size_t DropUntimely(Report& report, base::WallMillis now);

struct DaemonRecord : Report {
  base::WallMillis seen_at = 0;
};
struct FlagUsage {
  std::string flag;
  std::string variant;
  std::string reason;
  base::WallMillis hour = 0;  // of a total: the last one
  std::int64_t evaluations = 0;
};

/// Borrows the database; confined to its thread.
class Reports {
 public:
  explicit Reports(Database& database) : database_(database) {}

  /// To be called in a transaction.
  base::Result<void> Take(const Report& report, base::WallMillis now);
  /// Forgets the daemons of an environment that are too many.
  base::Result<void> LimitDaemons(std::string_view environment);
  /// Forgets what is too old to matter.
  base::Result<void> Prune(base::WallMillis now);

  /// At most `limit` with instances behind `after`, in their order.
  base::Result<std::vector<DaemonRecord>> Daemons(const std::string& environment,
                                                  const std::string& after, std::int64_t limit);
  /// At most `limit` of those that refused the last set, or cannot evaluate `flag` out of it; of
  /// the kMaxUnableDaemons with any trouble that were seen last.
  base::Result<std::vector<DaemonRecord>> Unable(const std::string& environment,
                                                 const std::string& flag, std::size_t limit);
  /// Totals by flag, variant and reason of the hours in [since, until).
  base::Result<std::vector<FlagUsage>> Totals(const std::string& environment,
                                              base::WallMillis since, base::WallMillis until);
  /// One flag's hours.
  base::Result<std::vector<FlagUsage>> Hours(const std::string& environment,
                                             const std::string& flag, base::WallMillis since,
                                             base::WallMillis until);

 private:
  base::Result<void> Count(const std::string& environment, const UsageBatch& batch,
                           base::WallMillis now);
  Database& database_;
};

}  // namespace pennon::store
