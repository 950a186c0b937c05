#include "client/usage_cells.h"

#include <algorithm>
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
  return made.release();
}

std::span<const std::uint8_t> UsageCells::Of(std::uint32_t offset, std::uint32_t end) const {
  const std::size_t first = std::min<std::size_t>(offset / kBytesOfCell, size_);
  const std::size_t last = std::min<std::size_t>(end / kBytesOfCell, size_);
  return first < last ? std::span<const std::uint8_t>(cells_.get() + first, last - first)
                      : std::span<const std::uint8_t>();
}

}  // namespace pennon::client
