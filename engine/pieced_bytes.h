// Bytes that are added to until they are copied out once: growing moves none of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace pennon::engine {

/// Confined to one thread.
class PiecedBytes {
 public:
  void Append(std::span<const std::byte> bytes) {
    if (pieces_.empty() || pieces_.back().capacity() - pieces_.back().size() < bytes.size()) {
      const std::size_t usual = std::clamp(size_, kLeastBytes, kMostBytes);
      pieces_.emplace_back().reserve(std::max(usual, bytes.size()));
    }
    pieces_.back().insert(pieces_.back().end(), bytes.begin(), bytes.end());
    size_ += bytes.size();
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// What was appended in one go at `offset`, and perhaps more behind it. `offset` is less than the
  /// size.
  [[nodiscard]] std::span<const std::byte> From(std::size_t offset) const {
    auto piece = pieces_.begin();
    for (; offset >= piece->size(); ++piece) offset -= piece->size();
    return std::span(*piece).subspan(offset);
  }
  void CopyTo(std::byte* place) const {
    for (const auto& piece : pieces_) place = std::copy(piece.begin(), piece.end(), place);
  }

 private:
  static constexpr std::size_t kLeastBytes = std::size_t{4} << 10U;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

  std::vector<std::vector<std::byte>> pieces_;
  std::size_t size_ = 0;
};

}  // namespace pennon::engine
