// The work that one evaluation may do.
#pragma once

#include <cstdint>

namespace pennon::engine {

/// Counts down operations.
class Budget {
 public:
  explicit Budget(std::uint32_t operations) : left_(operations) {}
  /// False when there is nothing left; stays false.
  bool Spend(std::uint32_t operations = 1) {
    if (left_ < operations) {
      left_ = 0;
      return false;
    }
    left_ -= operations;
    return true;
  }
  /// Spends all: the evaluation fails.
  void Exhaust() { left_ = 0; }
  [[nodiscard]] bool IsSpent() const { return left_ == 0; }

 private:
  std::uint32_t left_;
};

}  // namespace pennon::engine
