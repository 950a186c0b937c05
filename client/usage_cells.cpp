#include "client/usage_cells.h"

#include <new>

namespace pennon::client {

UsageCells* UsageCells::Make(std::uint32_t set, std::size_t image_bytes) noexcept {
  std::unique_ptr<UsageCells> made(new (std::nothrow) UsageCells(set));
  const std::size_t size = image_bytes / kBytesOfCell;
  if (made == nullptr || size > kMaxCells) return made.release();
  // Not touched before they are used: of many flags a process may ask few.
  made->cells_.reset(static_cast<std::uint8_t*>(std::calloc(size, 1)));
  if (made->cells_ == nullptr) return nullptr;
  made->size_ = size;
  while (size > kParts << made->part_bits_) ++made->part_bits_;
  return made.release();
}

}  // namespace pennon::client
