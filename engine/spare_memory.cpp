#include "engine/spare_memory.h"

#include <mutex>
#include <new>
#include <utility>

#include "engine/image_bytes.h"

namespace pennon::engine {
namespace {

struct Spare {
  std::mutex mutex;
  bool is_wanted = false;
  void* block = nullptr;
  std::size_t bytes = 0;
};

// Never destroyed: images are let go of until the very end.
Spare& TheSpare() {
  static auto* const kSpare = new Spare;
  return *kSpare;
}

void GiveBack(void* block) {
  if (block != nullptr) ::operator delete (block, std::align_val_t{kLargePage});
}

}  // namespace

void KeepSpareMemory() {
  const std::lock_guard lock(TheSpare().mutex);
  TheSpare().is_wanted = true;
}

void ReleaseSpareMemory() {
  Spare& spare = TheSpare();
  const std::lock_guard lock(spare.mutex);
  GiveBack(std::exchange(spare.block, nullptr));
}

void* TakeSpareMemory(std::size_t bytes) {
  Spare& spare = TheSpare();
  const std::lock_guard lock(spare.mutex);
  return spare.bytes == bytes ? std::exchange(spare.block, nullptr) : nullptr;
}

bool OfferSpareMemory(void* block, std::size_t bytes) {
  Spare& spare = TheSpare();
  const std::lock_guard lock(spare.mutex);
  if (!spare.is_wanted || bytes > kMaxSpareBytes) return false;
  spare.bytes = bytes;
  GiveBack(std::exchange(spare.block, block));
  return true;
}

}  // namespace pennon::engine
