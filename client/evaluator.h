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
#include "wire/frame_control.h"

namespace pennon::client {

/// A flag, found once for each set.
struct FlagRef {
  explicit FlagRef(std::string name) : key(std::move(name)) {}

  mutable std::atomic<std::uint64_t> found{0};  // id of the set << 32 | offset, or kAbsent
  std::string key;
  static constexpr std::uint32_t kAbsent = 0xffffffff;
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
    use(At(*set, offset, flag.key, context, *slot), *set);
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
  /// Calls `use(key, evaluation, set)` for each of the keys (none: all there are), of one set.
  template <typename Use>
  bool EvaluateEach(const std::vector<std::string_view>& keys, const model::Context& context,
                    Use use) const {
    ReaderSlot* const slot = ReaderSlot::Mine();
    if (slot == nullptr) return false;
    const ReadSection inside(*slot);
    const LocalSet* const set = current_.load(kOrder);
    if (set == nullptr) return false;
    const engine::Snapshot& snapshot = set->snapshot();
    for (const std::string_view key : keys) {
      const auto flag = snapshot.Find(key);
      use(key, At(*set, flag ? flag->offset : FlagRef::kAbsent, key, context, *slot), *set);
    }
    for (std::uint32_t i = 0; keys.empty() && i < snapshot.flag_count(); ++i) {
      const engine::FlagHandle flag = snapshot.At(i);
      const std::string_view key = snapshot.Key(flag);
      use(key, At(*set, flag.offset, key, context, *slot), *set);
    }
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

 private:
#ifdef __SANITIZE_THREAD__
  static constexpr std::memory_order kOrder = std::memory_order_seq_cst;
#else
  static constexpr std::memory_order kOrder = std::memory_order_acquire;
#endif

  static model::Evaluation At(const LocalSet& set, std::uint32_t offset, std::string_view key,
                              const model::Context& context, ReaderSlot& slot) noexcept {
    if (offset == FlagRef::kAbsent) [[unlikely]] {
      return Absent(set, key, context, slot);
    }
    const engine::Snapshot& snapshot = set.snapshot();
    const engine::FlagHandle flag{offset};
    const engine::Moment moment = snapshot.AsksMoment(flag) ? Now(slot) : engine::Moment{};
    const model::Evaluation evaluation = engine::Evaluate(snapshot, flag, context, moment);
    const auto base = reinterpret_cast<std::uintptr_t>(snapshot.view().image.data());
    const auto variant = reinterpret_cast<std::uintptr_t>(evaluation.variant.data()) - base;
    slot.usage.Count({std::uint64_t{set.id()} << 32U | offset,
                      variant << 32U | std::uint64_t{evaluation.variant.size()} << 8U |
                          static_cast<std::uint64_t>(evaluation.reason)});
    return evaluation;
  }
  static engine::Moment Now(ReaderSlot& slot);
  [[gnu::noinline]] static model::Evaluation Absent(const LocalSet& set, std::string_view key,
                                                    const model::Context& context,
                                                    ReaderSlot& slot) noexcept;
  [[gnu::noinline]] static std::uint32_t Resolve(const LocalSet& set, const FlagRef& flag);
  void Collect(const LocalSet& set, bool forget);

  std::atomic<const LocalSet*> current_{nullptr};
  // What follows is guarded by ForkLock: no fork may find it half done.
  std::unique_ptr<const LocalSet> owned_;
  std::vector<Usage> usage_;
};

}  // namespace pennon::client
