#include "base/shared_list.h"

#include <doctest/doctest.h>

#include <numeric>

namespace pennon::test {
namespace {

using List = base::SharedList<int>;

List Counting(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return List(numbers);
}

constexpr int kSizes[] = {0, 1, 127, 128, 129, 1000};

}  // namespace

TEST_CASE("a list has the entries that it was given, whatever its size") {
  for (const int size : kSizes) {
    const List list = Counting(size);
    REQUIRE(list.size() == static_cast<std::size_t>(size));
    CHECK(list.empty() == (size == 0));
    for (int i = 0; i < size; ++i) REQUIRE(list[static_cast<std::size_t>(i)] == i);
    CHECK(std::lower_bound(list.begin(), list.end(), size / 2) - list.begin() == size / 2);
  }
}

TEST_CASE("a copy that is changed leaves the list as it was, and differs where it was changed") {
  const List list = Counting(1000);
  for (const std::size_t place : {std::size_t{0}, std::size_t{200}, std::size_t{999}}) {
    List changed = list;
    changed.Set(place, -1);
    CHECK(list == Counting(1000));
    CHECK(changed[place] == -1);
    CHECK(DifferingPlaces(list, changed) == std::vector<std::size_t>{place});
    changed.Set(place, static_cast<int>(place));
    CHECK(changed == list);
  }
}

TEST_CASE("entries are put in the places of their equals, or where they belong, and erased") {
  struct Entry {
    int key = 0;
    int value = 0;
    bool operator==(const Entry&) const = default;
  };
  const auto comes_first = [](const Entry& a, const Entry& b) { return a.key < b.key; };
  for (const int size : kSizes) {
    base::SharedList<Entry> list;
    for (int i = 0; i < size; ++i) list.push_back({2 * i, 0});
    std::vector<Entry> entries;
    for (int key = 2 * size + 1; key >= -1; key -= 7) entries.push_back({key, 1});
    const auto found = std::count_if(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.key % 2 == 0 && entry.key < 2 * size;
    });
    CHECK(PutAll(list, entries, comes_first) == entries.size() - static_cast<std::size_t>(found));
    CHECK(std::is_sorted(list.begin(), list.end(), comes_first));
    CHECK(list.size() ==
          static_cast<std::size_t>(size) + entries.size() - static_cast<std::size_t>(found));
    for (const Entry& entry : entries) {
      CHECK(*std::lower_bound(list.begin(), list.end(), entry, comes_first) == entry);
    }
    EraseIf(list, [](const Entry& entry) { return entry.value == 1; });
    CHECK(list.size() == static_cast<std::size_t>(size - found));
  }
}

TEST_CASE("what only one of two lists has differs") {
  CHECK(DifferingPlaces(Counting(2), Counting(4)) == std::vector<std::size_t>{2, 3});
  CHECK(DifferingPlaces(Counting(200), Counting(128)).size() == 72);
  CHECK(DifferingPlaces(Counting(300), Counting(300)).empty());
}

}  // namespace pennon::test
