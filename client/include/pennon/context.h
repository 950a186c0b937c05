// The evaluation context: what you know about the subject of an evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "pennon/pennon.h"

namespace pennon {

/// Copies what it is given. Built by one thread; then safe to read from any. Clear() keeps the
/// memory, so a context that is reused does not allocate.
class Context {
 public:
  Context() : context_(pennon_context_new(nullptr)) {}
  explicit Context(const std::string& targeting_key)
      : context_(pennon_context_new(targeting_key.c_str())) {}
  Context(Context&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}
  Context& operator=(Context&& other) noexcept {
    std::swap(context_, other.context_);
    return *this;
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { pennon_context_free(context_); }

  Context& Clear() {
    pennon_context_clear(context_);
    return *this;
  }
  Context& Set(const std::string& name, bool value) {
    pennon_context_set_bool(context_, name.c_str(), value);
    return *this;
  }
  Context& Set(const std::string& name, std::int64_t value) {
    pennon_context_set_int(context_, name.c_str(), value);
    return *this;
  }
  Context& Set(const std::string& name, int value) { return Set(name, std::int64_t{value}); }
  Context& Set(const std::string& name, double value) {
    pennon_context_set_double(context_, name.c_str(), value);
    return *this;
  }
  Context& Set(const std::string& name, std::string_view value) {
    pennon_context_set_text(context_, name.c_str(), value.data(), value.size());
    return *this;
  }
  Context& Set(const std::string& name, const char* value) {
    return Set(name, std::string_view(value));
  }
  Context& Set(const std::string& name, const std::string& value) {
    return Set(name, std::string_view(value));
  }
  /// Any JSON value; what is none sets nothing.
  Context& SetJson(const std::string& name, const std::string& json) {
    pennon_context_set_json(context_, name.c_str(), json.c_str());
    return *this;
  }
  /// Adds the attributes of `defaults` that are not there yet.
  Context& Merge(const Context& defaults) {
    pennon_context_merge(context_, defaults.context_);
    return *this;
  }

  [[nodiscard]] const pennon_context* get() const { return context_; }

 private:
  pennon_context* context_;
};

}  // namespace pennon
