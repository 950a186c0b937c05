#include "store/past_set.h"

#include <utility>

#include "store/definition.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// What entries of the log say of the things of one kind, by their keys.
using Documents = std::map<std::string, std::string>;

class Reader {
 public:
  Reader(Database& database, const std::string& environment, base::WallMillis at)
      : database_(database), environment_(environment), at_(at) {}

  Result<PastSet> Read() {
    if (auto found = FindEnvironment(); !found) return Fail(found.error());
    PastSet set;
    auto shared = LastAfter("flag");
    auto configs = Configs();
    auto segments = LastAfter("segment");
    if (!shared) return Fail(shared.error());
    if (!configs) return Fail(configs.error());
    if (!segments) return Fail(segments.error());
    for (const auto& [key, text] : *shared) {
      auto flag = ReadStored("audit", text);
      const auto config = configs->find(key);
      auto own = config == configs->end() ? Result<model::Object>(UnconfiguredFlag(""))
                                          : ReadStored("audit", config->second);
      if (!flag) return Fail(flag.error());
      if (!own) return Fail(own.error());
      set.flags.emplace(key, MergeDefinition(*flag, *own));
    }
    for (const auto& [key, text] : *segments) {
      auto segment = ReadStored("audit", text);
      if (!segment) return Fail(segment.error());
      set.segments.emplace(key, *std::move(segment));
    }
    return set;
  }

 private:
  // An environment of the same key may have been deleted before: what was its is not this one's.
  Result<void> FindEnvironment() {
    std::string last;
    auto read = database_.Each(
        "SELECT seq, action FROM audit WHERE kind = 'environment' AND key = ? AND at <= ? "
        "AND action <> 'update' ORDER BY seq DESC LIMIT 1",
        [&](const Row& row) {
          created_ = row.Int(0);
          last = row.Text(1);
        },
        environment_, at_);
    if (!read) return read;
    if (last == "create") return {};
    return Fail(Error::NotFound("environment", "\"" + environment_ + "\" was not there then"));
  }

  // Each thing's last document; what was deleted has none.
  Result<Documents> LastAfter(std::string_view kind) {
    Documents documents;
    const bool is_shared = kind == "flag";
    auto read = database_.Each(
        "SELECT key, after FROM audit WHERE after IS NOT NULL AND seq IN (SELECT max(seq) FROM "
        "audit "
        "WHERE at <= ? AND kind = ? AND environment IS NOT DISTINCT FROM ? AND seq > ? "
        "GROUP BY key)",
        [&](const Row& row) { documents.emplace(row.Text(0), row.Text(1)); }, at_, kind,
        is_shared ? std::optional<std::string>() : std::optional(environment_),
        is_shared ? 0 : created_);
    if (!read) return Fail(read.error());
    return documents;
  }

  // A flag is unconfigured, and has its salt, from its making on; the log has that as what was
  // before the first change, or the table when there was none.
  Result<Documents> Configs() {
    auto documents = LastAfter("config");
    if (!documents) return documents;
    const auto add = [&](const Row& row) { documents->emplace(row.Text(0), row.Text(1)); };
    auto read = database_.Each(
        "SELECT key, before FROM audit WHERE before IS NOT NULL AND seq IN (SELECT min(seq) FROM "
        "audit WHERE at > ? AND kind = 'config' AND environment = ? GROUP BY key)",
        add, at_, environment_);
    if (read) {
      read = database_.Each("SELECT flag, config FROM flag_configs WHERE environment = ?", add,
                            environment_);
    }
    if (!read) return Fail(read.error());
    return documents;
  }

  Database& database_;
  const std::string& environment_;
  const base::WallMillis at_;
  std::int64_t created_ = 0;  // the entry of the log that made the environment
};

}  // namespace

Result<PastSet> ReadPastSet(Database& database, const std::string& environment,
                            base::WallMillis at) {
  return Reader(database, environment, at).Read();
}

}  // namespace pennon::store
