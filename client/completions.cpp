#include "client/completions.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pennon::client {

// With ForkLock held; what it gives is to be freed without. A descriptor of a fork is the parent's,
// too: whoever read it would take the other's readiness away.
Completion Completions::LeaveToParent() noexcept {
  Completion left;
  if (fork_ == ForkCount()) return left;
  fork_ = ForkCount();
  left.swap(due_);
  if (!event_.IsOpen()) return left;
  const base::Descriptor own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (own.IsOpen()) (void)::dup3(own.get(), event_.get(), O_CLOEXEC);
  return left;
}

int Completions::fd() {
  Completion left;
  const ForkLock lock;
  left = LeaveToParent();
  if (!event_.IsOpen()) event_ = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event_.IsOpen() && !due_.empty()) (void)::eventfd_write(event_.get(), 1);
  return event_.get();
}

void Completions::Add(Completion&& completion) noexcept {
  Completion left;
  const ForkLock lock;
  left = LeaveToParent();
  due_.splice(due_.end(), completion);
  if (event_.IsOpen()) (void)::eventfd_write(event_.get(), 1);
}

std::size_t Completions::Run() {
  Completion left;
  Completion due;
  {
    const ForkLock lock;
    left = LeaveToParent();
    eventfd_t ignored = 0;
    if (event_.IsOpen()) (void)::eventfd_read(event_.get(), &ignored);
    due.swap(due_);
  }
  for (const auto& completion : due) completion();
  return due.size();
}

}  // namespace pennon::client
