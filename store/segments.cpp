#include "store/segments.h"

#include "store/definition.h"

namespace pennon::store {

base::Result<std::vector<SegmentRecord>> Segments::Select(const std::string& where,
                                                          const std::string& environment,
                                                          const std::string& key,
                                                          std::int64_t limit) {
  std::vector<SegmentRecord> segments;
  std::optional<base::Error> error;
  auto read = database_.Each(
      "SELECT key, definition, version, updated_at FROM segments WHERE environment = ? AND " +
          where + " ORDER BY key LIMIT ?",
      [&](const Row& row) {
        SegmentRecord segment;
        segment.key = row.Text(0);
        auto definition =
            ReadStored("environments." + environment + ".segments." + segment.key, row.Text(1));
        if (!definition) {
          if (!error) error = definition.error();
          return;
        }
        segment.definition = *std::move(definition);
        segment.version = row.Int(2);
        segment.updated_at = row.Int(3);
        segments.push_back(std::move(segment));
      },
      environment, key, limit);
  if (!read) return base::Fail(read.error());
  if (error) return base::Fail(*error);
  return segments;
}

base::Result<std::optional<SegmentRecord>> Segments::Find(const std::string& environment,
                                                          const std::string& key) {
  auto found = Select("key = ?", environment, key, 1);
  if (!found) return base::Fail(found.error());
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

base::Result<SegmentRecord> Segments::Get(const std::string& environment, const std::string& key) {
  auto found = Find(environment, key);
  if (!found) return base::Fail(found.error());
  if (*found) return **std::move(found);
  return base::Fail(base::Error::NotFound("segments." + key, "there is no such segment"));
}

base::Result<std::vector<SegmentRecord>> Segments::Page(const std::string& environment,
                                                        const std::string& after,
                                                        std::int64_t limit) {
  return Select("key > ?", environment, after, limit);
}

base::Result<void> Segments::Put(const std::string& environment, const SegmentRecord& segment) {
  return database_.Run(
      "INSERT INTO segments (environment, key, definition, version, updated_at) "
      "VALUES (?, ?, ?, ?, ?) ON CONFLICT (environment, key) DO UPDATE SET "
      "definition = excluded.definition, version = excluded.version, "
      "updated_at = excluded.updated_at",
      environment, segment.key, JsonText(segment.definition), segment.version, segment.updated_at);
}

base::Result<void> Segments::Delete(const std::string& environment, const std::string& key) {
  return database_.Run("DELETE FROM segments WHERE environment = ? AND key = ?", environment, key);
}

}  // namespace pennon::store
