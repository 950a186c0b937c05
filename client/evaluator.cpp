#include "client/evaluator.h"

#include <time.h>

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
  ReaderSlot::WaitForReaders();
  Collect(*old, true);
}

void Evaluator::Collect(const LocalSet& set, bool forget) {
  try {
    std::vector<UsageCount> counts;
    ReaderSlot::ForEach([&](ReaderSlot& slot) { slot.usage.Collect(set.id(), forget, counts); });
    const engine::Snapshot& snapshot = set.snapshot();
    for (const UsageCount& one : counts) {
      if (usage_.size() >= kMaxUsage) return;
      const engine::FlagHandle flag{
          static_cast<std::uint32_t>(one.answer >> (kNameBits + kReasonBits)) *
          engine::kBlockAlignment};
      const auto name = one.answer >> kReasonBits & ((std::uint64_t{1} << kNameBits) - 1);
      Usage& usage = usage_.emplace_back();
      usage.key = snapshot.Key(flag);
      usage.variant = snapshot.VariantNameAt(flag, static_cast<std::uint32_t>(name));
      usage.reason = static_cast<model::Reason>(one.answer & ((1U << kReasonBits) - 1));
      usage.count = one.count;
    }
  } catch (const std::bad_alloc&) {  // these counts are lost
  }
}

std::vector<Usage> Evaluator::CollectUsage() {
  const ForkLock lock;
  if (owned_ != nullptr) Collect(*owned_, false);
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
