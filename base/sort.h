// Sorting what is nearly always sorted already: documents are written by key.
#pragma once

#include <algorithm>
#include <functional>

namespace pennon::base {

/// The same as std::sort, and one look at each element when nothing is to be done.
template <typename Range, typename Less = std::less<>>
void SortUnlessSorted(Range& range, Less less = {}) {
  if (std::is_sorted(range.begin(), range.end(), less)) return;
  std::sort(range.begin(), range.end(), less);
}

}  // namespace pennon::base
