// What is to be called in the application's own thread, and the descriptor that says so.
#pragma once

#include <cstddef>
#include <functional>
#include <list>

#include "base/descriptor.h"

namespace pennon::client {

/// One completion, or several, in a list so that handing it over needs no memory.
using Completion = std::list<std::function<void()>>;

/// Safe to use from any thread.
class Completions {
 public:
  /// Readable while something is due; -1 when there are no descriptors. Made at the first call.
  int fd();
  void Add(Completion&& completion) noexcept;
  /// Calls all that is due, outside of any lock; returns how many.
  std::size_t Run();

 private:
  // Guarded by ForkLock.
  base::Descriptor event_;
  Completion due_;
};

}  // namespace pennon::client
