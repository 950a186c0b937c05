#include "client/evaluator.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace pennon::client {
namespace {

constexpr std::size_t kMaxUsage = 100'000;  // kept while the daemon is away; beyond that, lost

}  // namespace

// The coarse clock is a read of memory that the kernel shares; no system call.
engine::Moment Evaluator::Now(ReaderSlot& slot) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return {std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000, slot.Draw()};
}

model::Evaluation Evaluator::Absent(const LocalSet& set, std::string_view key,
                                    const model::Context& context, ReaderSlot& slot) noexcept {
  model::Evaluation evaluation;
  if (const engine::Snapshot* defaults = set.defaults(); defaults != nullptr) {
    if (const auto preset = defaults->Find(key)) {
      evaluation = engine::Evaluate(*defaults, *preset, context, Now(slot));
      // As the daemon says it: this answer ends when the flag set has the flag.
      evaluation.reason = model::Reason::kDefault;
      return evaluation;
    }
  }
  evaluation.error = model::EvaluationError::kFlagNotFound;
  evaluation.detail = "there is no flag of this key";
  return evaluation;
}

std::uint32_t Evaluator::Resolve(const LocalSet& set, const FlagRef& flag) {
  const auto handle = set.snapshot().Find(flag.key());
  const std::uint32_t offset = handle ? handle->offset : FlagRef::kAbsent;
  flag.found.store(std::uint64_t{set.id()} << 32U | offset, std::memory_order_relaxed);
  return offset;
}

void Evaluator::Replace(std::unique_ptr<const LocalSet> set) {
  const ForkLock lock;
  std::unique_ptr<const LocalSet> old = std::move(owned_);
  owned_ = std::move(set);
  current_.store(owned_.get(), std::memory_order_seq_cst);
  if (old == nullptr) return;
  UsageCells* const cells = TakeCells(old->id(), owned_.get());
  ReaderSlot::WaitForReaders();
  Collect(*old, cells, true);
}

void Evaluator::CountElsewhere(const LocalSet& set, std::uint32_t offset,
                               const model::Evaluation& evaluation, std::uint32_t times,
                               ReaderSlot& slot) noexcept {
  if (slot.cells.load(std::memory_order_relaxed) == nullptr) {
    UsageCells* const made = UsageCells::Make(set.id(), set.snapshot().view().image.size());
    UsageCells* none = nullptr;
    if (!slot.cells.compare_exchange_strong(none, made)) delete made;
  }
  slot.usage.Count({AnswerOf(offset, evaluation), set.id(), times});
}

// Takes the counters of the set from all threads, and gives them others: of `next`, if there is
// one.
UsageCells* Evaluator::TakeCells(std::uint32_t id, const LocalSet* next) {
  UsageCells* taken = nullptr;
  ReaderSlot::ForEach([&](ReaderSlot& slot) {
    UsageCells* const cells = slot.cells.load(std::memory_order_acquire);
    if (cells == nullptr || cells->set() != id) return;
    if (next != nullptr && next->id() == id && !cells->IsUsed()) return;
    // So that no evaluation has to ask for memory.
    slot.cells.store(next == nullptr
                         ? nullptr
                         : UsageCells::Make(next->id(), next->snapshot().view().image.size()),
                     std::memory_order_seq_cst);
    cells->next = std::exchange(taken, cells);
  });
  return taken;
}

void Evaluator::AddCells(const UsageCells& cells, const engine::Snapshot& snapshot) {
  const auto& blocks = snapshot.view().flags;
  cells.ForEach([&](std::uint32_t offset, std::uint8_t count) {
    const auto behind = std::upper_bound(blocks.begin(), blocks.end(), offset);
    if (behind == blocks.begin()) return;
    const engine::FlagHandle flag{*(behind - 1)};
    const std::size_t at = UsageCells::IndexIn(flag.offset, offset);
    AddUsage(snapshot.Key(flag), snapshot.VariantName(flag, at / UsageCells::kReasons),
             static_cast<model::Reason>(at % UsageCells::kReasons), count);
  });
}

void Evaluator::AddUsage(std::string_view key, std::string_view variant, model::Reason reason,
                         std::uint64_t count) {
  if (usage_.size() >= kMaxUsage) return;
  usage_.push_back({std::string(key), std::string(variant), reason, count});
}

void Evaluator::Collect(const LocalSet& set, UsageCells* cells, bool forget) {
  const engine::Snapshot& snapshot = set.snapshot();
  while (cells != nullptr) {
    const std::unique_ptr<UsageCells> taken(cells);
    cells = taken->next;
    try {
      AddCells(*taken, snapshot);
    } catch (const std::bad_alloc&) {  // these counts are lost
    }
  }
  try {
    std::vector<UsageCount> counts;
    ReaderSlot::ForEach([&](ReaderSlot& slot) { slot.usage.Collect(set.id(), forget, counts); });
    for (const UsageCount& one : counts) {
      const engine::FlagHandle flag{
          static_cast<std::uint32_t>(one.answer >> (kVariantBits + kReasonBits)) *
          engine::kBlockAlignment};
      const auto variant = one.answer >> kReasonBits & ((std::uint64_t{1} << kVariantBits) - 1);
      AddUsage(snapshot.Key(flag), snapshot.VariantName(flag, variant - 1),
               static_cast<model::Reason>(one.answer & ((1U << kReasonBits) - 1)), one.count);
    }
  } catch (const std::bad_alloc&) {
  }
}

std::vector<Usage> Evaluator::CollectUsage() {
  const ForkLock lock;
  if (owned_ != nullptr) {
    UsageCells* const cells = TakeCells(owned_->id(), owned_.get());
    if (cells != nullptr) ReaderSlot::WaitForReaders();
    Collect(*owned_, cells, false);
  }
  return std::move(usage_);
}

void Evaluator::ReturnUsage(std::vector<Usage> usage) {
  const ForkLock lock;
  if (usage_.empty()) {
    usage_ = std::move(usage);
    return;
  }
  for (Usage& one : usage) {
    if (usage_.size() < kMaxUsage) usage_.push_back(std::move(one));
  }
}

}  // namespace pennon::client
