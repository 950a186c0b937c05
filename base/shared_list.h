// A sequence whose copies share what did not change.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace pennon::base {

/// A list in pieces that never change once they are full. A copy costs a pointer for each piece; a
/// copy with another entry at one place costs one piece more, and is compared with the first one in
/// as little time. Copies may be used by several threads; one of them as a vector may.
template <typename T>
class SharedList {
 public:
  static constexpr std::size_t kPieceSize = 128;

  class Iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;  // NOLINT: names of the standard
    using value_type = T;                                       // NOLINT
    using difference_type = std::ptrdiff_t;                     // NOLINT
    using pointer = const T*;                                   // NOLINT
    using reference = const T&;                                 // NOLINT

    Iterator() = default;
    Iterator(const SharedList* list, std::size_t place) : list_(list), place_(place) {}

    reference operator*() const { return (*list_)[place_]; }
    pointer operator->() const { return &(*list_)[place_]; }
    reference operator[](difference_type n) const { return *(*this + n); }
    Iterator& operator+=(difference_type n) {
      place_ += static_cast<std::size_t>(n);
      return *this;
    }
    Iterator& operator-=(difference_type n) { return *this += -n; }
    Iterator& operator++() { return *this += 1; }
    Iterator& operator--() { return *this -= 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    friend Iterator operator+(Iterator a, difference_type n) { return a += n; }
    friend Iterator operator+(difference_type n, Iterator a) { return a += n; }
    friend Iterator operator-(Iterator a, difference_type n) { return a -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) {
      return static_cast<difference_type>(a.place_) - static_cast<difference_type>(b.place_);
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.place_ == b.place_; }
    friend auto operator<=>(const Iterator& a, const Iterator& b) { return a.place_ <=> b.place_; }

   private:
    const SharedList* list_ = nullptr;
    std::size_t place_ = 0;
  };
  using const_iterator = Iterator;  // NOLINT(readability-identifier-naming): the standard's name
  using value_type = T;             // NOLINT(readability-identifier-naming)

  SharedList() = default;
  explicit SharedList(std::vector<T> entries) {
    for (T& entry : entries) push_back(std::move(entry));
  }

  [[nodiscard]] std::size_t size() const { return pieces_.size() * kPieceSize + rest_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  const T& operator[](std::size_t i) const {
    const std::size_t piece = i / kPieceSize;
    return piece < pieces_.size() ? (*pieces_[piece])[i % kPieceSize] : rest_[i % kPieceSize];
  }
  [[nodiscard]] const T& front() const { return (*this)[0]; }
  [[nodiscard]] const T& back() const { return (*this)[size() - 1]; }
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size()}; }

  void push_back(T entry) {
    rest_.push_back(std::move(entry));
    if (rest_.size() < kPieceSize) return;
    pieces_.push_back(std::make_shared<const Piece>(std::exchange(rest_, {})));
  }
  void Set(std::size_t i, T entry) {
    const std::size_t piece = i / kPieceSize;
    if (piece == pieces_.size()) {
      rest_[i % kPieceSize] = std::move(entry);
      return;
    }
    Piece changed = *pieces_[piece];
    changed[i % kPieceSize] = std::move(entry);
    pieces_[piece] = std::make_shared<const Piece>(std::move(changed));
  }

  /// The places, in order, at which the two do not have the same; also those that one of them
  /// lacks.
  friend std::vector<std::size_t> DifferingPlaces(const SharedList& a, const SharedList& b) {
    std::vector<std::size_t> places;
    const std::size_t common = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < common; ++i) {
      if (i % kPieceSize == 0 && a.SharesPiece(b, i / kPieceSize)) {
        i += kPieceSize - 1;
      } else if (!(a[i] == b[i])) {
        places.push_back(i);
      }
    }
    for (std::size_t i = common; i < std::max(a.size(), b.size()); ++i) places.push_back(i);
    return places;
  }
  friend bool operator==(const SharedList& a, const SharedList& b) {
    return a.size() == b.size() && DifferingPlaces(a, b).empty();
  }

 private:
  using Piece = std::vector<T>;

  [[nodiscard]] bool SharesPiece(const SharedList& other, std::size_t piece) const {
    return piece < pieces_.size() && piece < other.pieces_.size() &&
           pieces_[piece] == other.pieces_[piece];
  }

  std::vector<std::shared_ptr<const Piece>> pieces_;  // full ones
  Piece rest_;
};

/// Puts each of `entries` in the place of the one that neither comes before nor after it, or adds
/// it where it belongs; how many were added. The list is in the order of `comes_first`; of
/// `entries` no two have one place. Only what is added costs a whole list.
template <typename T, typename Order>
std::size_t PutAll(SharedList<T>& list, std::vector<T> entries, const Order& comes_first) {
  std::vector<T> added;
  for (T& entry : entries) {
    const auto place = std::lower_bound(list.begin(), list.end(), entry, comes_first);
    if (place != list.end() && !comes_first(entry, *place)) {
      list.Set(static_cast<std::size_t>(place - list.begin()), std::move(entry));
    } else {
      added.push_back(std::move(entry));
    }
  }
  if (added.empty()) return 0;
  std::sort(added.begin(), added.end(), comes_first);
  std::vector<T> all;
  all.reserve(list.size() + added.size());
  std::merge(list.begin(), list.end(), added.begin(), added.end(), std::back_inserter(all),
             comes_first);
  list = SharedList<T>(std::move(all));
  return added.size();
}

/// Costs a whole list.
template <typename T, typename Predicate>
void EraseIf(SharedList<T>& list, const Predicate& is_erased) {
  SharedList<T> left;
  for (const T& entry : list) {
    if (!is_erased(entry)) left.push_back(entry);
  }
  list = std::move(left);
}

}  // namespace pennon::base
