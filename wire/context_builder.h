// Adds values to a Context within the limits of wire/limits.h; for every decoder of contexts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/context.h"
#include "wire/limits.h"

namespace pennon::wire {

/// Each call adds one value, to the innermost open array or object, and returns false when a limit
/// is reached; `refusal` says which. Borrows the context and all text.
class ContextBuilder {
 public:
  explicit ContextBuilder(model::Context& context) : context_(context) {}

  bool Null(std::string_view name) {
    if (!Room()) return false;
    context_.AddNull(name);
    return true;
  }
  bool Bool(std::string_view name, bool value) {
    if (!Room()) return false;
    context_.AddBool(name, value);
    return true;
  }
  bool Int(std::string_view name, std::int64_t value) {
    if (!Room()) return false;
    context_.AddInt(name, value);
    return true;
  }
  bool Double(std::string_view name, double value) {
    if (!Room()) return false;
    context_.AddDouble(name, value);
    return true;
  }
  bool String(std::string_view name, std::string_view value) {
    if (!Room()) return false;
    context_.AddString(name, value);
    return true;
  }
  bool Open(std::string_view name, model::AttributeKind kind) {
    if (depth_ == open_.size()) return Refuse("context is nested deeper than 32");
    if (!Room()) return false;
    open_[depth_++] = context_.Begin(name, kind);
    return true;
  }
  void Close() { context_.End(open_[--depth_]); }

  [[nodiscard]] std::size_t depth() const { return depth_; }
  [[nodiscard]] std::string_view refusal() const { return refusal_; }

 private:
  static_assert(kMaxContextDepth == 32 && kMaxContextNodes == 10'000, "named in the messages");

  bool Room() {
    return context_.nodes().size() < kMaxContextNodes ||
           Refuse("context has more than 10000 attributes, members and elements");
  }
  bool Refuse(std::string_view why) {
    refusal_ = why;
    return false;
  }

  model::Context& context_;
  std::array<std::size_t, kMaxContextDepth> open_;  // the first depth_ are set
  std::size_t depth_ = 0;
  std::string_view refusal_;
};

}  // namespace pennon::wire
