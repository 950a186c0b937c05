#include "client/local_set.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "engine/compile.h"
#include "engine/limits.h"
#include "wire/native_document.h"

namespace pennon::client {
namespace {

using base::Error;
using base::Fail;
using base::Result;

std::atomic<std::uint32_t> last_id{0};

std::int64_t SteadyMillis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<Mapping> Mapping::Map(const base::Descriptor& memory, std::size_t size, int seals,
                             int flags) {
  const int found = ::fcntl(memory.get(), F_GET_SEALS);
  if (found < 0 || (found & seals) != seals) {
    return Fail(Error::Invalid("map", "the daemon's memory is not sealed"));
  }
  struct stat info {};
  if (::fstat(memory.get(), &info) != 0 || info.st_size < 0 ||
      static_cast<std::uint64_t>(info.st_size) < size || size == 0) {
    return Fail(Error::Invalid("map", "the daemon's memory is smaller than it says"));
  }
  void* const start = ::mmap(nullptr, size, PROT_READ, flags, memory.get(), 0);
  if (start == MAP_FAILED) {
    return Fail(Error::Internal("map", std::string("cannot map: ") + std::strerror(errno)));
  }
  return Mapping({static_cast<const std::byte*>(start), size});
}

Mapping::Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}
Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

LocalSet::LocalSet() {
  do {
    id_ = last_id.fetch_add(1, std::memory_order_relaxed) + 1;
  } while (id_ == 0);
}

Result<std::unique_ptr<const LocalSet>> LocalSet::FromDaemon(const MappedAnswer& answer,
                                                             const LocalSet* previous) {
  std::unique_ptr<LocalSet> set(new LocalSet());
  // The page is the daemon's to write: shared. An image is nobody's.
  auto control =
      Mapping::Map(answer.control, wire::kControlPageBytes, wire::kControlSeals, MAP_SHARED);
  if (!control) return Fail(control.error());
  set->control_mapping_.emplace(std::move(*control));
  const auto* const page =
      reinterpret_cast<const wire::ControlPage*>(set->control_mapping_->bytes().data());
  if (page->magic != wire::kControlMagic || page->version != 1 ||
      page->size < sizeof(wire::ControlPage)) {
    return Fail(Error::Invalid("map", "the daemon's control page is none"));
  }
  set->control_ = page;
  set->serial_ = answer.head.serial;
  const auto attach = [&](const base::Descriptor& memory, std::uint64_t size,
                          std::optional<Mapping>& mapping,
                          std::optional<engine::Snapshot>& snapshot,
                          const engine::Snapshot* before) -> Result<void> {
    if (size > engine::kMaxImageBytes) {
      return Fail(Error::Limit("map", "the daemon's image is too large"));
    }
    auto mapped = Mapping::Map(memory, size, wire::kImageSeals, MAP_PRIVATE);
    if (!mapped) return Fail(mapped.error());
    mapping.emplace(std::move(*mapped));
    auto attached = engine::Snapshot::Attach(mapping->bytes(), before, engine::Keeping::kMapped);
    if (!attached) return Fail(attached.error());
    snapshot.emplace(std::move(*attached));
    return {};
  };
  auto attached = attach(answer.image, answer.head.image_bytes, set->image_, set->snapshot_,
                         previous == nullptr ? nullptr : &previous->snapshot());
  if (attached && answer.defaults.IsOpen()) {
    attached = attach(answer.defaults, answer.head.default_bytes, set->default_image_,
                      set->defaults_, nullptr);
  }
  if (!attached) return Fail(attached.error());
  return std::unique_ptr<const LocalSet>(std::move(set));
}

Result<std::unique_ptr<const LocalSet>> LocalSet::FromDocument(std::string_view text) {
  const auto document = wire::ReadNativeDocument(text);
  if (!document) return Fail(document.error());
  auto compiled = engine::Compile(*document);
  if (!compiled) return Fail(compiled.error());
  std::unique_ptr<LocalSet> set(new LocalSet());
  set->bytes_ = std::move(compiled->image);
  auto attached = engine::Snapshot::Attach(set->bytes_);
  if (!attached) return Fail(attached.error());
  set->snapshot_.emplace(std::move(*attached));
  return std::unique_ptr<const LocalSet>(std::move(set));
}

bool LocalSet::IsRevoked() const {
  return control_ != nullptr &&
         (control_->state.load(std::memory_order_relaxed) & wire::kControlRevoked) != 0;
}

bool LocalSet::IsHeldBack() const {
  return control_ != nullptr &&
         (control_->state.load(std::memory_order_relaxed) & wire::kControlHeldBack) != 0;
}

wire::FrameSetState LocalSet::State() const {
  wire::FrameSetState state;
  state.epoch = snapshot_->epoch();
  state.revision = snapshot_->revision();
  state.source = model::Source::kBootstrap;
  if (control_ == nullptr) return state;
  const std::uint64_t bits = control_->state.load(std::memory_order_relaxed);
  state.source = static_cast<model::Source>(std::min<std::uint64_t>(bits & 0xffU, 3));
  const std::int64_t confirmed_at = control_->confirmed_at.load(std::memory_order_relaxed);
  const std::int64_t now = SteadyMillis();
  const std::int64_t age = confirmed_at < 0 || confirmed_at > now ? 0 : now - confirmed_at;
  state.age_millis = static_cast<std::uint64_t>(age);
  state.stale = (bits & wire::kControlUnconfirmed) != 0 ||
                age > control_->stale_after.load(std::memory_order_relaxed);
  return state;
}

}  // namespace pennon::client
