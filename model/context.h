// The evaluation context: what the caller knows about the subject of an evaluation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/same_text.h"

namespace pennon::model {

inline constexpr std::string_view kTargetingKey = "targetingKey";

enum class AttributeKind : std::uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

/// One node of a context. Arrays and objects are followed by their elements in pre-order, so a
/// context is one flat array and a subtree is skipped by adding its `size`.
struct Attribute {
  std::string_view name;  // of a member of an object; "" in arrays
  AttributeKind kind = AttributeKind::kNull;
  bool boolean = false;
  std::uint32_t size = 1;  // nodes of this subtree, this one included
  std::int64_t integer = 0;
  double number = 0;
  std::string_view text;

  [[nodiscard]] bool IsNumber() const {
    return kind == AttributeKind::kInt || kind == AttributeKind::kDouble;
  }
  /// The number as a double, whichever of the two kinds it has.
  [[nodiscard]] double AsDouble() const {
    return kind == AttributeKind::kInt ? static_cast<double>(integer) : number;
  }
};

/// Attributes by name; the targeting key is the attribute `targetingKey`. All text is borrowed and
/// must outlive the context. Built once, then read from any one thread; Clear() keeps the memory,
/// so a worker that reuses a context does not allocate.
class Context {
 public:
  void Clear() { nodes_.clear(); }

  void AddNull(std::string_view name) { Add(name, AttributeKind::kNull); }
  void AddBool(std::string_view name, bool value) {
    Add(name, AttributeKind::kBool).boolean = value;
  }
  void AddInt(std::string_view name, std::int64_t value) {
    Add(name, AttributeKind::kInt).integer = value;
  }
  void AddDouble(std::string_view name, double value) {
    Add(name, AttributeKind::kDouble).number = value;
  }
  void AddString(std::string_view name, std::string_view value) {
    Add(name, AttributeKind::kString).text = value;
  }
  /// Begins an array or object; everything added until End(position) is its content.
  std::size_t Begin(std::string_view name, AttributeKind kind) {
    Add(name, kind);
    return nodes_.size() - 1;
  }
  void End(std::size_t position) {
    nodes_[position].size = static_cast<std::uint32_t>(nodes_.size() - position);
  }

  /// The top-level attribute called `name`, or null.
  [[nodiscard]] const Attribute* Find(std::string_view name) const {
    return FindIn(nodes_.data(), nodes_.data() + nodes_.size(), name);
  }
  /// The member of `object` called `name`, or null.
  [[nodiscard]] static const Attribute* Member(const Attribute& object, std::string_view name) {
    if (object.kind != AttributeKind::kObject) return nullptr;
    return FindIn(&object + 1, &object + object.size, name);
  }

  [[nodiscard]] const std::vector<Attribute>& nodes() const { return nodes_; }

 private:
  Attribute& Add(std::string_view name, AttributeKind kind) {
    Attribute& node = nodes_.emplace_back();
    node.name = name;
    node.kind = kind;
    return node;
  }
  // The last one wins, as in JSON readers that keep one of several equal keys.
  static const Attribute* FindIn(const Attribute* node, const Attribute* end,
                                 std::string_view name) {
    const Attribute* found = nullptr;
    while (node < end) {
      if (base::SameText(node->name, name)) found = node;
      // Nearly always one node: guessing so, the processor need not wait for the size.
      if (node->size == 1) [[likely]] {
        ++node;
      } else {
        node += node->size;
      }
    }
    return found;
  }

  std::vector<Attribute> nodes_;
};

}  // namespace pennon::model
