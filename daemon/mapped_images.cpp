#include "daemon/mapped_images.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <random>
#include <span>

namespace pennon::daemon {
namespace {

using base::Descriptor;

static_assert(wire::kImageSeals == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
static_assert(wire::kControlSeals ==
              (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE));

// Null when there is no memory or no such call.
std::shared_ptr<const Descriptor> SealedCopy(std::span<const std::byte> bytes) {
  auto memory = std::make_shared<const Descriptor>(
      ::memfd_create("pennon-image", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory->IsOpen()) return nullptr;
  while (!bytes.empty()) {
    const ssize_t written = ::write(memory->get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return nullptr;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fcntl(memory->get(), F_ADD_SEALS, wire::kImageSeals) != 0) return nullptr;
  return memory;
}

}  // namespace

MappedImages::~MappedImages() {
  if (page_ != nullptr) ::munmap(page_, wire::kControlPageBytes);
}

// Sealed after it is mapped: from then on nobody can map it for writing, not even ourselves.
bool MappedImages::OpenControl() {
  auto memory = std::make_shared<const Descriptor>(
      ::memfd_create("pennon-control", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory->IsOpen() || ::ftruncate(memory->get(), wire::kControlPageBytes) != 0) return false;
  void* const page = ::mmap(nullptr, wire::kControlPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                            memory->get(), 0);
  if (page == MAP_FAILED) return false;
  if (::fcntl(memory->get(), F_ADD_SEALS, wire::kControlSeals) != 0) {
    ::munmap(page, wire::kControlPageBytes);
    return false;
  }
  page_ = new (page) wire::ControlPage;
  control_ = std::move(memory);
  Beat();
  return true;
}

std::shared_ptr<const serving::Mappable> MappedImages::Offer(const serving::Published& published) {
  if (published.image == nullptr) return nullptr;
  if (offered_ != nullptr && image_ == published.image) return offered_;
  const auto fail = [this] {
    log_.Error("no memory for clients to map", {{"reason", std::strerror(errno)}});
    return nullptr;
  };
  if (page_ == nullptr && !OpenControl()) return fail();
  serving::Mappable next;
  next.control = control_;
  next.image = SealedCopy(published.image->bytes());
  next.image_bytes = published.image->bytes().size();
  if (next.image == nullptr) return fail();
  if (offered_ != nullptr && offered_->defaults != nullptr) {  // they never change
    next.defaults = offered_->defaults;
    next.default_bytes = offered_->default_bytes;
  } else if (published.defaults != nullptr) {
    next.defaults = SealedCopy(published.defaults->bytes());
    next.default_bytes = published.defaults->bytes().size();
    if (next.defaults == nullptr) return fail();
  }
  // Begins anywhere, so that no client takes an image of this process for one of the last.
  if (serial_ == 0) serial_ = std::uint64_t{std::random_device()()} << 24U | 1U;
  next.serial = ++serial_;
  image_ = published.image;
  offered_ = std::make_shared<const serving::Mappable>(std::move(next));
  return offered_;
}

void MappedImages::Announce(const serving::Published& published) {
  if (page_ == nullptr || published.mappable == nullptr) return;
  std::uint64_t state = static_cast<std::uint64_t>(published.source);
  if (!published.is_confirmed) state |= wire::kControlUnconfirmed;
  if (published.is_held_back) state |= wire::kControlHeldBack;
  page_->confirmed_at.store(published.confirmed_at, std::memory_order_relaxed);
  page_->stale_after.store(published.stale_after_millis, std::memory_order_relaxed);
  page_->state.store(state, std::memory_order_relaxed);
  page_->epoch.store(published.image->snapshot().epoch(), std::memory_order_relaxed);
  page_->revision.store(published.image->snapshot().revision(), std::memory_order_relaxed);
  page_->serial.store(published.mappable->serial, std::memory_order_release);
  Beat();
}

void MappedImages::Beat() {
  if (page_ != nullptr) page_->heartbeat_at.store(clock_.Steady(), std::memory_order_relaxed);
}

void MappedImages::Revoke() {
  if (page_ == nullptr) return;
  page_->state.fetch_or(wire::kControlRevoked, std::memory_order_relaxed);
  page_->serial.store(0, std::memory_order_release);
  ::munmap(page_, wire::kControlPageBytes);
  page_ = nullptr;
  control_.reset();
  image_.reset();
  offered_.reset();
}

}  // namespace pennon::daemon
