// The flags and segments of one environment, in the order of kind and key.
#pragma once

#include <memory>
#include <optional>
#include <vector>

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
  using List = std::vector<std::shared_ptr<const Definition>>;

  /// The definition, or null.
  [[nodiscard]] std::shared_ptr<const Definition> Find(const LineId& id) const;
  /// Adds one, or puts it in the place of the one with its kind and key.
  void Put(std::shared_ptr<const Definition> definition);
  void Erase(const LineId& id);

  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] List::const_iterator begin() const { return list_.begin(); }
  [[nodiscard]] List::const_iterator end() const { return list_.end(); }

 private:
  [[nodiscard]] List::iterator Place(const LineId& id);
  List list_;  // sorted
};

}  // namespace pennon::store
