#include "client/completions.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

#include "client/reader_slot.h"

namespace pennon::client {

int Completions::fd() {
  const ForkLock lock;
  if (!event_.IsOpen()) event_ = base::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event_.IsOpen() && !due_.empty()) (void)::eventfd_write(event_.get(), 1);
  return event_.get();
}

void Completions::Add(Completion&& completion) noexcept {
  const ForkLock lock;
  due_.splice(due_.end(), completion);
  if (event_.IsOpen()) (void)::eventfd_write(event_.get(), 1);
}

std::size_t Completions::Run() {
  Completion due;
  {
    const ForkLock lock;
    eventfd_t ignored = 0;
    if (event_.IsOpen()) (void)::eventfd_read(event_.get(), &ignored);
    due.swap(due_);
  }
  for (const auto& completion : due) completion();
  return due.size();
}

}  // namespace pennon::client
