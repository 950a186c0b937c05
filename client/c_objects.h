// What the objects of pennon.h are, and what its functions share.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/core.h"
#include "client/include/pennon/pennon.h"

// NOLINTBEGIN(readability-identifier-naming): names as C has them
struct pennon_flag {
  pennon::client::Core& core;
  pennon::client::FlagRef ref;
};

struct pennon_client {
  explicit pennon_client(pennon::client::CoreOptions options) : core(std::move(options)) {}

  pennon::client::Core core;
  // Guarded by ForkLock.
  std::map<std::string, std::unique_ptr<pennon_flag>, std::less<>> flags;
  std::map<std::string, std::string, std::less<>> test_flags;  // JSON values
};

struct pennon_context {
  pennon::client::Context context;
};

struct pennon_detail {
  pennon::client::Answer answer;
};

struct pennon_batch {
  std::vector<pennon_detail> details;
  std::string message;
};
// NOLINTEND(readability-identifier-naming)

namespace pennon::client {

inline constexpr model::ValueType kTypesOfC[] = {
    model::ValueType::kBoolean, model::ValueType::kString, model::ValueType::kInteger,
    model::ValueType::kNumber, model::ValueType::kObject};

/// None for a number that pennon.h does not have.
inline std::optional<model::ValueType> TypeOf(pennon_type type) {
  const auto index = static_cast<std::size_t>(type);
  if (index >= std::size(kTypesOfC)) return std::nullopt;
  return kTypesOfC[index];
}

inline std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

/// Room for an object that is never destroyed, as others may ask for it while the process ends.
template <typename T>
struct Forever {
  alignas(T) unsigned char bytes[sizeof(T)];
};

inline const Context& ContextOf(const pennon_context* context) {
  static Forever<Context> room;
  static const Context& nothing = *new (room.bytes) Context;
  return context == nullptr ? nothing : context->context;
}
/// Does not throw: a context of the evaluator's own kind needs no memory while it is empty.
inline const model::Context& ViewOf(const pennon_context* context) {
  static const model::Context kNothing;
  return context == nullptr ? kNothing : context->context.view();
}

/// The one place where exceptions end: nothing is thrown past pennon.h.
template <typename Work>
auto Guarded(Work work, decltype(work()) otherwise) noexcept {
  try {
    return work();
  } catch (...) {
    return otherwise;
  }
}

/// A client with these options; throws when there is no memory.
pennon_client* Open(CoreOptions options);

}  // namespace pennon::client
