// The evaluation context as a caller builds it: owned attributes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "model/context.h"
#include "model/value.h"

namespace pennon::client {

/// Copies what it is given. Built by one thread; then safe to read from any. What throws for lack
/// of memory has changed nothing.
class Context {
 public:
  Context() = default;
  explicit Context(std::string_view targeting_key) { Set(model::kTargetingKey, targeting_key); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  Context(Context&&) = default;
  Context& operator=(Context&&) = default;

  Context& Set(std::string_view name, bool value);
  Context& Set(std::string_view name, std::int64_t value);
  Context& Set(std::string_view name, int value) { return Set(name, std::int64_t{value}); }
  Context& Set(std::string_view name, double value);
  Context& Set(std::string_view name, std::string_view value);
  Context& Set(std::string_view name, const char* value) {
    return Set(name, std::string_view(value));
  }
  /// Adds the attributes of `defaults` that are not there yet.
  Context& Merge(const Context& defaults);
  /// Empties it and keeps the memory.
  void Clear() {
    context_.Clear();
    used_ = 0;
  }
  /// Any JSON value, arrays and objects included.
  Context& SetJson(std::string_view name, const model::Value& value);

  [[nodiscard]] const model::Context& view() const { return context_; }

 private:
  std::string_view Keep(std::string_view text) {
    if (used_ == texts_.size()) texts_.emplace_back();
    return texts_[used_++].assign(text);
  }
  template <typename Change>
  void WholeOrNot(Change change);
  const model::Attribute* Copy(const model::Attribute& from);
  void Add(std::string_view name, const model::Value& value);

  std::deque<std::string> texts_;  // a deque never moves its elements
  std::size_t used_ = 0;           // of them
  model::Context context_;
};

}  // namespace pennon::client
