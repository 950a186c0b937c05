#include "base/text_hash.h"

#include <random>

namespace pennon::base {

std::uint64_t TextHashSeed() {
  static const std::uint64_t kSeed = [] {
    std::random_device entropy;
    return std::uint64_t{entropy()} << 32U | entropy();
  }();
  return kSeed;
}

}  // namespace pennon::base
