// The evaluation context: what the caller knows about the subject of an evaluation.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/short_text.h"
#include "model/context_index.h"

namespace pennon::model {

inline constexpr std::string_view kTargetingKey = "targetingKey";

enum class AttributeKind : std::uint8_t { kNull, kBool, kInt, kDouble, kString, kArray, kObject };

/// One node of a context: a name and a value; half a cache line, because every test of a rule looks
/// through them. Arrays and objects are followed by their elements in pre-order, so a context is
/// one flat array and a subtree is skipped by adding its `size`. Borrows name and text.
class Attribute {
 public:
  Attribute(std::string_view name, AttributeKind kind)
      : name_(name.data()), name_size_(static_cast<std::uint32_t>(name.size())), kind_(kind) {}
  Attribute(std::string_view name, bool value) : Attribute(name, AttributeKind::kBool) {
    payload_.integer = value ? 1 : 0;
  }
  Attribute(std::string_view name, std::int64_t value) : Attribute(name, AttributeKind::kInt) {
    payload_.integer = value;
  }
  Attribute(std::string_view name, double value) : Attribute(name, AttributeKind::kDouble) {
    payload_.number = value;
  }
  Attribute(std::string_view name, std::string_view value)
      : Attribute(name, AttributeKind::kString) {
    payload_.text = value.data();
    text_size_ = static_cast<std::uint32_t>(value.size());
  }

  /// Of a member of an object; "" in arrays.
  [[nodiscard]] std::string_view name() const { return {name_, name_size_}; }
  [[nodiscard]] AttributeKind kind() const { return kind_; }
  /// Nodes of this subtree, this one included.
  [[nodiscard]] std::uint32_t size() const { return size_; }

  // The value; each only for its own kind.
  [[nodiscard]] bool boolean() const { return payload_.integer != 0; }
  [[nodiscard]] std::int64_t integer() const { return payload_.integer; }
  [[nodiscard]] double number() const { return payload_.number; }
  [[nodiscard]] std::string_view text() const { return {payload_.text, text_size_}; }

  [[nodiscard]] bool IsNumber() const {
    return kind_ == AttributeKind::kInt || kind_ == AttributeKind::kDouble;
  }

  void set_size(std::uint32_t nodes) { size_ = nodes; }

 private:
  friend class Context;

  union Payload {
    std::int64_t integer;  // also of a boolean
    double number;
    const char* text;
  };

  const char* name_;
  Payload payload_{.integer = 0};
  // The sizes apart from each other: side by side they would be stored as a vector, for which the
  // one that was just read takes a detour.
  std::uint32_t name_size_;
  std::uint32_t size_ = 1;
  std::uint32_t text_size_ = 0;
  AttributeKind kind_;
};
static_assert(sizeof(Attribute) == 32);

/// Attributes by name; the targeting key is the attribute `targetingKey`. All text is borrowed and
/// must outlive the context. Built once, then read from any one thread; Clear() keeps the memory,
/// so a worker that reuses a context does not allocate.
class Context {
 public:
  void Clear() {
    nodes_.clear();
    shape_ = Shape::kFlat;
  }

  /// The places of `count` attributes, for who fills them all, none an array or object; what they
  /// hold until then is of no use.
  Attribute* Refill(std::size_t count) {
    shape_ = Shape::kFlat;
    if (nodes_.size() != count) nodes_.resize(count, Attribute("", AttributeKind::kNull));
    return nodes_.data();
  }

  void AddNull(std::string_view name) { Add(name, AttributeKind::kNull); }
  void AddBool(std::string_view name, bool value) { Add(name, value); }
  [[gnu::always_inline]] void AddInt(std::string_view name, std::int64_t value) {
    Add(name, value);
  }
  void AddDouble(std::string_view name, double value) { Add(name, value); }
  [[gnu::always_inline]] void AddString(std::string_view name, std::string_view value) {
    Add(name, value);
  }
  /// Begins an array or object; everything added until End(position) is its content.
  std::size_t Begin(std::string_view name, AttributeKind kind) {
    Add(name, kind);
    shape_ = Shape::kNested;
    return nodes_.size() - 1;
  }
  void End(std::size_t position) {
    nodes_[position].set_size(static_cast<std::uint32_t>(nodes_.size() - position));
  }

  /// Takes away what was added since there were `nodes`, all of it complete or not.
  void Truncate(std::size_t nodes) {
    nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(nodes), nodes_.end());
  }

  /// For who is about to look up many attributes, once all are added: those of a large context are
  /// found by their names then. A small one stays as it is.
  void Index();

  /// The top-level attribute called `name`, or null.
  [[nodiscard]] const Attribute* Find(std::string_view name) const {
    if (shape_ != Shape::kFlat || name.size() > base::kShortText) return FindAny(name);
    // What nearly all contexts and names are; from the end, because the last one wins.
    for (const Attribute* node = nodes_.data() + nodes_.size(); node != nodes_.data();) {
      --node;
      if (node->name_size_ != name.size()) continue;
      if (base::SameShortText(node->name_, name.data(), name.size())) return node;
    }
    return nullptr;
  }
  /// The member of `object`, which is of this context, called `name`, or null.
  [[nodiscard]] const Attribute* FindMember(const Attribute& object, std::string_view name) const;
  /// The same of an object of any context, looked through.
  [[nodiscard]] static const Attribute* Member(const Attribute& object, std::string_view name);

  [[nodiscard]] const std::vector<Attribute>& nodes() const { return nodes_; }
  /// For how many there is memory.
  [[nodiscard]] std::size_t room() const { return nodes_.capacity(); }

 private:
  // Growing, which is rare, is kept out of the code of those who add.
  template <typename Value>
  [[gnu::always_inline]] void Add(std::string_view name, Value value) {
    if (nodes_.size() == nodes_.capacity()) [[unlikely]] {
      Grow();
    }
    if (nodes_.size() == nodes_.capacity()) __builtin_unreachable();
    nodes_.emplace_back(name, value);
  }
  [[gnu::noinline]] void Grow() { nodes_.reserve(nodes_.empty() ? 16 : 2 * nodes_.size()); }

  enum class Shape : std::uint8_t { kFlat, kNested, kIndexed };  // flat: no arrays and objects

  [[nodiscard]] const Attribute* FindAny(std::string_view name) const;
  [[nodiscard]] const Attribute* FindIndexed(std::uint32_t object, std::string_view name) const;

  std::vector<Attribute> nodes_;
  Shape shape_ = Shape::kFlat;
  ContextIndex index_;
};

}  // namespace pennon::model
