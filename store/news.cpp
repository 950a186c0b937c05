#include "store/news.h"

namespace pennon::store {

base::Result<News> ReadNews(Database& database, std::int64_t after) {
  auto head = Audit(database).Head();
  if (!head) return base::Fail(head.error());
  News news{after, head->sequence, {}};
  const std::int64_t count = news.newest - after;
  if (count <= 0 || count > kMaxNews) return news;
  auto read = database.Each(
      "SELECT seq, action, environment, kind, key, version FROM audit WHERE seq > ? ORDER BY seq",
      [&](const Row& row) {
        std::optional<std::string> environment;
        if (!row.IsNull(2)) environment = row.Text(2);
        news.items.push_back({row.Int(0),
                              ParseAuditAction(row.Text(1)),
                              {environment, std::string(row.Text(3)), std::string(row.Text(4))},
                              row.Int(5)});
      },
      after);
  if (!read) return base::Fail(read.error());
  return news;
}

}  // namespace pennon::store
