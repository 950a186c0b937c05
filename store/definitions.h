// The flags and segments of one environment, in the order of kind and key.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/shared_list.h"
#include "model/flag_set.h"
#include "store/lines.h"

namespace pennon::store {

/// One flag or segment: its line, and what a daemon reads out of it. Exactly one of `flag`,
/// `segment` and `broken` is set.
struct Definition {
  StoredLine stored;
  std::shared_ptr<const model::Flag> flag;
  std::shared_ptr<const model::Segment> segment;
  std::optional<model::Broken> broken;

  [[nodiscard]] const wire::SyncLine& line() const { return stored.line; }
};
std::shared_ptr<const Definition> ReadDefinition(StoredLine stored);

/// Cheap to copy: a change makes a new list out of the one in force, and shares what it kept.
class Definitions {
 public:
  using List = base::SharedList<std::shared_ptr<const Definition>>;

  Definitions() = default;
  explicit Definitions(std::vector<std::shared_ptr<const Definition>> all);

  /// The definition, or null.
  [[nodiscard]] std::shared_ptr<const Definition> Find(const LineId& id) const;
  /// Adds definitions, or puts them in the places of those with their kinds and keys.
  void Put(std::vector<std::shared_ptr<const Definition>> definitions);
  void Erase(const std::set<LineId>& ids);

  [[nodiscard]] const List& list() const { return list_; }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] List::const_iterator begin() const { return list_.begin(); }
  [[nodiscard]] List::const_iterator end() const { return list_.end(); }

 private:
  List list_;  // sorted
};

}  // namespace pennon::store
