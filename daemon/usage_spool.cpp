#include "daemon/usage_spool.h"

#include <algorithm>

#include "base/digest.h"
#include "base/json_text.h"

namespace pennon::daemon {
namespace {

constexpr base::WallMillis kHourMillis = 3'600'000;
constexpr std::size_t kIdBytes = 12;

std::string DigestOf(const ClosedBatch& batch) {
  return base::Sha256Hex(batch.id + '\n' + std::to_string(batch.hour) + '\n' + batch.counts);
}

base::Result<void> Insert(Cache& cache, const ClosedBatch& batch) {
  if (cache.database() == nullptr) return {};
  auto insert = cache.database()->Prepare("INSERT OR IGNORE INTO usage VALUES (?, ?, ?, ?, ?)");
  if (!insert) return base::Fail(insert.error());
  insert->BindAll(std::string_view(batch.id), batch.hour, std::string_view(batch.counts),
                  static_cast<std::int64_t>(batch.evaluations), std::string_view(DigestOf(batch)));
  return insert->Run();
}

}  // namespace

void UsageSpool::Load() {
  if (cache_ == nullptr) return;
  const auto read = [this](Cache& cache) -> base::Result<void> {
    LoadFrom(cache);
    return {};
  };
  (void)cache_->Run(read);
}

void UsageSpool::LoadFrom(Cache& cache) {
  if (cache.database() == nullptr) return;
  auto select = cache.database()->Prepare(
      "SELECT id, hour, counts, evaluations, digest FROM usage ORDER BY rowid LIMIT " +
      std::to_string(kMaxBatches));
  if (!select) return;
  for (auto row = select->Step(); row && *row; row = select->Step()) {
    ClosedBatch batch{std::string(select->Text(0)), select->Int(1), std::string(select->Text(2)),
                      static_cast<std::uint64_t>(select->Int(3))};
    if (DigestOf(batch) != select->Text(4)) continue;  // damaged: how much it was is not known
    closed_bytes_ += batch.counts.size();
    closed_.push_back(std::move(batch));
  }
}

void UsageSpool::Add(const UsageTable& table, base::WallMillis now) {
  CloseOpen(now, true);
  open_hour_ = now / kHourMillis * kHourMillis;
  for (const UsageTable::Slot& slot : table.slots) {
    if (slot.evaluations == 0) continue;
    Key key(table.image->snapshot().Key({slot.flag}),
            std::string_view(slot.variant, slot.variant_size), slot.reason);
    const auto found = open_.find(key);
    if (found != open_.end()) {
      found->second = std::min(found->second + slot.evaluations, kMaxUsageCount);
    } else if (open_.size() < kMaxOpenCounts) {
      open_.emplace(std::move(key), slot.evaluations);
    } else {
      lost_ += slot.evaluations;
    }
  }
}

void UsageSpool::CloseOpen(base::WallMillis now, bool only_past) {
  if (open_.empty() || (only_past && open_hour_ == now / kHourMillis * kHourMillis)) return;
  std::vector<Counts::const_iterator> part;
  for (auto count = open_.cbegin(); count != open_.cend(); ++count) {
    part.push_back(count);
    if (part.size() < kMaxBatchCounts && std::next(count) != open_.cend()) continue;
    Close(part);
    part.clear();
  }
  open_.clear();
}

void UsageSpool::Close(const std::vector<Counts::const_iterator>& counts) {
  ClosedBatch batch;
  batch.id = base::RandomToken("", kIdBytes);
  batch.hour = open_hour_;
  char separator = '[';
  for (const auto& count : counts) {
    batch.counts += std::exchange(separator, ',');
    const auto& [flag, variant, reason] = count->first;
    base::JsonObject(batch.counts)
        .String("flag", flag)
        .String("variant", variant)
        .String("reason", Name(reason))
        .Uint("evaluations", count->second)
        .Close();
    batch.evaluations += count->second;
  }
  batch.counts += ']';
  Keep(batch);
  closed_bytes_ += batch.counts.size();
  closed_.push_back(std::move(batch));
  while (closed_.size() > kMaxBatches || closed_bytes_ > kMaxSpoolBytes) {
    Drop(closed_.front().id, true);
  }
}

// A batch that cannot be written is still in memory: trouble with the disk costs persistence only.
void UsageSpool::Keep(const ClosedBatch& batch) {
  if (cache_ == nullptr) return;
  cache_->Write([batch](Cache& cache) { return Insert(cache, batch); });
}

void UsageSpool::KeepAll() {
  if (cache_ == nullptr || closed_.empty()) return;
  cache_->Write([batches = closed_](Cache& cache) -> base::Result<void> {
    if (cache.database() == nullptr) return {};
    return cache.database()->Transaction([&]() -> base::Result<void> {
      for (const ClosedBatch& batch : batches) {
        if (auto inserted = Insert(cache, batch); !inserted) return inserted;
      }
      return {};
    });
  });
}

void UsageSpool::Drop(std::string id, bool is_lost) {
  const auto batch = std::find_if(closed_.begin(), closed_.end(),
                                  [&](const ClosedBatch& one) { return one.id == id; });
  if (batch == closed_.end()) return;
  if (is_lost) lost_ += batch->evaluations;
  closed_bytes_ -= batch->counts.size();
  closed_.erase(batch);
  if (cache_ != nullptr) {
    cache_->Write([id = std::move(id)](Cache& cache) -> base::Result<void> {
      if (cache.database() == nullptr) return {};
      auto remove = cache.database()->Prepare("DELETE FROM usage WHERE id = ?");
      return remove ? remove->Bind(1, id).Run() : base::Fail(remove.error());
    });
  }
}

}  // namespace pennon::daemon
