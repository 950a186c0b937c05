// What has just entered the audit log, for those who follow it.
#pragma once

#include <cstdint>
#include <vector>

#include "store/audit.h"

namespace pennon::store {

/// Entries that are told one by one; when there are more at once, all that is told is that there
/// are.
inline constexpr std::int64_t kMaxNews = 100;

struct NewsItem {
  std::int64_t sequence = 0;
  AuditAction action = AuditAction::kUpdate;
  Subject subject;
  std::int64_t version = 0;
};

/// What came after one entry of the log, up to another.
struct News {
  std::int64_t after = 0;
  std::int64_t newest = 0;
  std::vector<NewsItem> items;  // none although there is something new: they are too many
};

/// To be called in a transaction.
base::Result<News> ReadNews(Database& database, std::int64_t after);

}  // namespace pennon::store
