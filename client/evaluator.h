// The flag set that this process evaluates by itself, if it has one: many threads read it, one
// takes its place by another.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/answer.h"
#include "client/local_set.h"
#include "client/reader_slot.h"
#include "engine/evaluate.h"
#include "engine/limits.h"
#include "wire/frame_control.h"

namespace pennon::client {

/// A flag, found once for each set. Its key lies elsewhere, so that many of these are not far
/// apart.
class FlagRef {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffff;

  explicit FlagRef(std::string key) : key_(std::make_unique<const std::string>(std::move(key))) {}

  [[nodiscard]] std::string_view key() const { return *key_; }
  mutable std::atomic<std::uint64_t> found{0};  // id of the set << 32 | offset, or kAbsent

 private:
  std::unique_ptr<const std::string> key_;
};

/// How often an answer was given, with names of its own.
struct Usage {
  std::string key;
  std::string variant;
  model::Reason reason;
  std::uint64_t count;
};

/// Evaluating is safe from any thread, makes no system call and does not allocate; replacing is,
/// too, and waits for those who evaluate.
class Evaluator {
 public:
  Evaluator() = default;
  ~Evaluator() { Replace(nullptr); }
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// Calls `use(evaluation, set)`, valid until it returns. False: there is no set.
  template <typename Use>
  bool Evaluate(const FlagRef& flag, const model::Context& context, Use use) const {
    ReaderSlot* const slot = ReaderSlot::Mine();
    if (slot == nullptr) [[unlikely]] {
      return false;
    }
    const ReadSection inside(*slot);
    const LocalSet* const set = current_.load(kOrder);
    if (set == nullptr) return false;
    const std::uint64_t found = flag.found.load(std::memory_order_relaxed);
    const std::uint32_t offset =
        found >> 32U == set->id() ? static_cast<std::uint32_t>(found) : Resolve(*set, flag);
    use(At(*set, offset, flag, context, *slot), *set);
    return true;
  }
  template <typename Use>
  bool Evaluate(std::string_view key, const model::Context& context, Use use) const {
    ReaderSlot* const slot = ReaderSlot::Mine();
    if (slot == nullptr) [[unlikely]] {
      return false;
    }
    const ReadSection inside(*slot);
    const LocalSet* const set = current_.load(kOrder);
    if (set == nullptr) return false;
    const auto flag = set->snapshot().Find(key);
    use(At(*set, flag ? flag->offset : FlagRef::kAbsent, key, context, *slot), *set);
    return true;
  }
  /// Calls `use(key, evaluation, set)` for each of the keys (none: all there are, also those that
  /// only the configuration's defaults have, in their order), of one set.
  template <typename Use>
  bool EvaluateEach(const std::vector<std::string_view>& keys, const model::Context& context,
                    Use use) const {
    ReaderSlot* const slot = ReaderSlot::Mine();
    if (slot == nullptr) return false;
    const ReadSection inside(*slot);
    const LocalSet* const set = current_.load(kOrder);
    if (set == nullptr) return false;
    const auto use_at = [&](std::string_view key, std::uint32_t offset) {
      use(key, At(*set, offset, key, context, *slot), *set);
    };
    for (const std::string_view key : keys) {
      const auto flag = set->snapshot().Find(key);
      use_at(key, flag ? flag->offset : FlagRef::kAbsent);
    }
    if (keys.empty()) ForEachFlag(*set, use_at);
    return true;
  }
  /// Calls `use(set)`; false: there is none.
  template <typename Use>
  bool Read(Use use) const {
    ReaderSlot* const slot = ReaderSlot::Mine();
    if (slot == nullptr) return false;
    const ReadSection inside(*slot);
    const LocalSet* const set = current_.load(kOrder);
    if (set != nullptr) use(*set);
    return set != nullptr;
  }

  /// Puts `set` in force (null: none) and frees the one before it once nobody reads it.
  void Replace(std::unique_ptr<const LocalSet> set);
  /// The set in force, for the thread that replaces it.
  [[nodiscard]] const LocalSet* current() const { return owned_.get(); }
  /// What was answered since the last time.
  std::vector<Usage> CollectUsage();
  void ReturnUsage(std::vector<Usage> usage);
  /// In the child of a fork, with ForkLock held: what was collected before is the parent's to
  /// report.
  void LeaveUsageToParent() noexcept { usage_.clear(); }

 private:
  // Calls `visit(key, offset)` in the order of keys, in which both images have their flags.
  template <typename Visitor>
  static void ForEachFlag(const LocalSet& set, Visitor visit) {
    const engine::Snapshot& snapshot = set.snapshot();
    const engine::Snapshot* const defaults = set.defaults();
    const std::uint32_t presets = defaults == nullptr ? 0 : defaults->flag_count();
    std::uint32_t next = 0;  // of the presets
    const auto preset = [&] { return defaults->Key(defaults->At(next)); };
    for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
      const engine::FlagHandle flag = snapshot.At(i);
      const std::string_view key = snapshot.Key(flag);
      for (; next < presets && preset() < key; ++next) visit(preset(), FlagRef::kAbsent);
      if (next < presets && preset() == key) ++next;
      visit(key, snapshot.IsSound(flag) ? flag.offset : FlagRef::kAbsent);
    }
    for (; next < presets; ++next) visit(preset(), FlagRef::kAbsent);
  }

#ifdef __SANITIZE_THREAD__
  static constexpr std::memory_order kOrder = std::memory_order_seq_cst;
#else
  static constexpr std::memory_order kOrder = std::memory_order_acquire;
#endif

  static std::string_view KeyOf(const FlagRef& flag) {
    return flag.key();
  }
  static std::string_view KeyOf(std::string_view key) {
    return key;
  }

  // `asked`: a FlagRef or a key, looked at when the set does not have it.
  template <typename Flag>
  static model::Evaluation At(const LocalSet& set, std::uint32_t offset, const Flag& asked,
                              const model::Context& context, ReaderSlot& slot) noexcept {
    if (offset == FlagRef::kAbsent) [[unlikely]] {
      return Absent(set, KeyOf(asked), context, slot);
    }
    const engine::Snapshot& snapshot = set.snapshot();
    const engine::FlagHandle flag{offset};
    const engine::Moment moment = snapshot.AsksMoment(flag) ? Now(slot) : engine::Moment{};
    const model::Evaluation evaluation = engine::Evaluate(snapshot, flag, context, moment);
    UsageCells* const cells = slot.cells.load(std::memory_order_acquire);
    const bool is_here = cells != nullptr && cells->set() == set.id();
    const std::uint32_t left =
        is_here ? cells->Count(offset, snapshot.BlockSize(flag), evaluation) : 1;
    if (left > 0) [[unlikely]] {
      CountElsewhere(set, offset, evaluation, left, slot);
    }
    return evaluation;
  }
  [[gnu::noinline]] static void CountElsewhere(const LocalSet& set, std::uint32_t offset,
                                               const model::Evaluation& evaluation,
                                               std::uint32_t times, ReaderSlot& slot) noexcept;
  // A flag's offset in blocks, the variant's index plus one (0: none) and the reason, in one word.
  static constexpr unsigned kReasonBits = 3;
  static constexpr unsigned kVariantBits = 30;
  static_assert(engine::kMaxImageBytes <= std::uint64_t{1} << kVariantBits);
  static std::uint64_t AnswerOf(std::uint32_t flag, const model::Evaluation& evaluation) {
    return std::uint64_t{flag / engine::kBlockAlignment} << (kVariantBits + kReasonBits) |
           std::uint64_t{evaluation.variant_index + 1} << kReasonBits |
           static_cast<std::uint64_t>(evaluation.reason);
  }
  static engine::Moment Now(ReaderSlot& slot);
  [[gnu::noinline]] static model::Evaluation Absent(const LocalSet& set, std::string_view key,
                                                    const model::Context& context,
                                                    ReaderSlot& slot) noexcept;
  [[gnu::noinline]] static std::uint32_t Resolve(const LocalSet& set, const FlagRef& flag);
  /// Adds to `usage_` what was counted of the set; frees `cells`, a list of what TakeCells gave.
  void Collect(const LocalSet& set, UsageCells* cells, bool forget);
  static UsageCells* TakeCells(std::uint32_t id, const LocalSet* next);
  void AddCells(const UsageCells& cells, const engine::Snapshot& snapshot);
  void AddUsage(std::string_view key, std::string_view variant, model::Reason reason,
                std::uint64_t count);

  std::atomic<const LocalSet*> current_{nullptr};
  // What follows is guarded by ForkLock: no fork may find it half done.
  std::unique_ptr<const LocalSet> owned_;
  std::vector<Usage> usage_;
};

}  // namespace pennon::client
