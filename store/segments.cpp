#include "store/segments.h"

#include "store/definition.h"

namespace pennon::store {

base::Result<std::optional<model::Object>> Segments::Find(const std::string& environment,
                                                          const std::string& key) {
  std::optional<std::string> text;
  auto read = database_.Each(
      "SELECT definition FROM segments WHERE environment = ? AND key = ?",
      [&](const base::SqliteStatement& row) { text = row.Text(0); }, environment, key);
  if (!read) return base::Fail(read.error());
  if (!text) return std::nullopt;
  auto definition = ReadStored("environments." + environment + ".segments." + key, *text);
  if (!definition) return base::Fail(definition.error());
  return *std::move(definition);
}

base::Result<void> Segments::Put(const std::string& environment, const std::string& key,
                                 const model::Object& definition, base::WallMillis now) {
  return database_.Run(
      "INSERT INTO segments (environment, key, definition, updated_at) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (environment, key) DO UPDATE SET definition = excluded.definition, "
      "updated_at = excluded.updated_at",
      environment, key, JsonText(definition), now);
}

base::Result<void> Segments::Delete(const std::string& environment, const std::string& key) {
  return database_.Run("DELETE FROM segments WHERE environment = ? AND key = ?", environment, key);
}

}  // namespace pennon::store
