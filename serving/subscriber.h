// Who is told that the flag set in force has changed, whatever way it came in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/evaluation.h"

namespace pennon::serving {

/// The flag set in force now, and what it changed. Immutable.
struct Change {
  std::string version;  // AttachedImage::version(); "" when there is no flag set yet
  std::uint64_t epoch = 0;
  std::uint64_t revision = 0;
  model::Source source = model::Source::kDefault;
  /// The flags that may be answered differently than before; null: any may.
  std::shared_ptr<const std::vector<std::string>> keys;
};

/// Told by one thread, but never blocks it: what is told is queued, and a subscriber that leaves
/// too much unread loses its connection (limits.output, limits.write_timeout).
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// False once the connection is gone, which shows only when something is sent on it.
  [[nodiscard]] virtual bool is_open() const = 0;
  virtual void Tell(const Change& change) = 0;
  /// Nothing has changed; keeps the connection from looking dead, and finds out when it is.
  virtual void Beat(const Change& current) = 0;
  virtual void End() = 0;
};

}  // namespace pennon::serving
