#include "client/usage.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

namespace pennon::client {
namespace {

std::map<std::uint64_t, std::uint64_t> Collect(UsageTable& table, std::uint32_t set,
                                               bool forget = false) {
  std::vector<UsageCount> counts;
  table.Collect(set, forget, counts);
  std::map<std::uint64_t, std::uint64_t> found;
  for (const UsageCount& one : counts) found[one.answer] += one.count;
  return found;
}

}  // namespace

TEST_CASE("every answer is counted, however many there are of different ones and of one") {
  UsageTable table;
  std::map<std::uint64_t, std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const std::uint64_t answer = 1 + i * i % 20'011;
    table.Count({answer, 7});
    ++expected[answer];
  }
  CHECK(Collect(table, 7) == expected);
  CHECK(Collect(table, 7).empty());
  table.Count({5, 7});
  CHECK(Collect(table, 7) == std::map<std::uint64_t, std::uint64_t>{{5, 1}});
}

TEST_CASE("a set that is forgotten takes its counts along and leaves those of others") {
  UsageTable table;
  for (std::uint64_t answer = 1; answer <= 3'000; ++answer) {
    table.Count({answer, 1});
    table.Count({answer, 2});
  }
  CHECK(Collect(table, 1, true).size() == 3'000);
  CHECK(Collect(table, 1).empty());
  table.Count({9, 2});
  const auto left = Collect(table, 2);
  CHECK(left.size() == 3'000);
  CHECK(left.at(9) == 2);
}

TEST_CASE("more different answers than a table may hold lose counts of new ones only") {
  UsageTable table;
  for (std::uint64_t answer = 1; answer <= 400'000; ++answer) table.Count({answer, 1});
  table.Count({1, 1});
  const auto found = Collect(table, 1);
  CHECK(found.size() > 100'000);
  CHECK(found.at(1) == 2);
}

}  // namespace pennon::client
