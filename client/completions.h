// What is to be called in the application's own thread, and the descriptor that says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

#include "base/descriptor.h"
#include "client/reader_slot.h"

namespace pennon::client {

/// One completion, or several, in a list so that handing it over needs no memory.
using Completion = std::list<std::function<void()>>;

/// Safe to use from any thread. In the child of a fork nothing is due at first: what was is the
/// parent's to call.
class Completions {
 public:
  /// Readable while something is due; -1 when there are no descriptors. Made at the first call, and
  /// of the same number ever after.
  int fd();
  void Add(Completion&& completion) noexcept;
  /// Calls all that is due, outside of any lock; returns how many.
  std::size_t Run();

 private:
  [[nodiscard]] Completion LeaveToParent() noexcept;

  // Guarded by ForkLock.
  std::uint64_t fork_ = ForkCount();  // when the members that follow were right
  base::Descriptor event_;
  Completion due_;
};

}  // namespace pennon::client
