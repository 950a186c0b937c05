// A flag set that this process evaluates by itself: from memory of a daemon, or of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "engine/image_bytes.h"
#include "engine/snapshot.h"
#include "wire/control_page.h"
#include "wire/frame_answer.h"
#include "wire/frame_map.h"

namespace pennon::client {

/// Memory of a descriptor, mapped for reading until the end of its owner. Only memory with (at
/// least) the seals asked for is taken: whoever gave it must not be able to change or cut it off.
class Mapping {
 public:
  static base::Result<Mapping> Map(const base::Descriptor& memory, std::size_t size, int seals,
                                   int flags);
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit Mapping(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

/// The descriptors of a mapped answer, in their order.
struct MappedAnswer {
  wire::FrameMapped head;
  base::Descriptor control;
  base::Descriptor image;
  base::Descriptor defaults;
};

/// Immutable, but for what the daemon writes to its control page. Safe to read from any thread.
class LocalSet {
 public:
  /// Checks everything: the daemon may be hostile. Compiled regular expressions of `previous`, if
  /// there is one, are carried over.
  static base::Result<std::unique_ptr<const LocalSet>> FromDaemon(const MappedAnswer& answer,
                                                                  const LocalSet* previous);
  /// A native flag-set document.
  static base::Result<std::unique_ptr<const LocalSet>> FromDocument(std::string_view text);

  [[nodiscard]] const engine::Snapshot& snapshot() const { return *snapshot_; }
  [[nodiscard]] const engine::Snapshot* defaults() const {
    return defaults_ ? &*defaults_ : nullptr;
  }
  /// Tells this set from all others of the process; never 0.
  [[nodiscard]] std::uint32_t id() const { return id_; }
  /// Whether the daemon has said that there is another set, or that it must be asked again.
  [[nodiscard]] bool IsOutdated() const {
    return control_ != nullptr && control_->serial.load(std::memory_order_acquire) != serial_;
  }
  [[nodiscard]] std::uint64_t serial() const { return serial_; }
  [[nodiscard]] bool IsRevoked() const;
  /// Whether the daemon serves an older set than its newest on purpose.
  [[nodiscard]] bool IsHeldBack() const;
  [[nodiscard]] bool IsMapped() const { return control_ != nullptr; }
  /// Age, source and staleness as of now.
  [[nodiscard]] wire::FrameSetState State() const;

 private:
  LocalSet();

  const wire::ControlPage* control_ = nullptr;  // in `control_mapping_`; null: embedded
  std::uint64_t serial_ = 0;
  std::uint32_t id_;
  std::optional<engine::Snapshot> snapshot_;
  std::optional<engine::Snapshot> defaults_;
  std::optional<Mapping> control_mapping_;
  std::optional<Mapping> image_;
  std::optional<Mapping> default_image_;
  engine::ImageBytes bytes_;  // of an embedded set
};

}  // namespace pennon::client
