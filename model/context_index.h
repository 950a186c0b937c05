// Where the attributes of a large context are, for who looks up many of them: all flags for a
// context of ten thousand attributes would else be looked through ten thousand names for each test.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pennon::model {

class Attribute;

/// Refers to a context's nodes by number, so it holds for a copy as well. Sorted rather than
/// hashed: no choice of names makes it slow.
class ContextIndex {
 public:
  static constexpr std::uint32_t kTopLevel = UINT32_MAX;

  void Build(std::span<const Attribute> nodes);
  /// The number of the last attribute called `name` in the object of that number, or at the top
  /// level; kTopLevel when there is none. `nodes` are those that it was built of.
  [[nodiscard]] std::uint32_t Find(std::span<const Attribute> nodes, std::uint32_t object,
                                   std::string_view name) const;

 private:
  struct Entry {
    std::uint32_t object;
    std::uint32_t attribute;
  };

  void Add(std::span<const Attribute> nodes, std::uint32_t object, std::size_t first,
           std::size_t end);

  std::vector<Entry> entries_;  // by object, name and place
};

}  // namespace pennon::model
