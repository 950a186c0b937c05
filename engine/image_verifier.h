// Checks an image once, so that evaluation can read it in place without checking.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "engine/image.h"

namespace pennon::engine {

/// Verifies magic, version, size, checksum and every offset, index and bound, and that conditions,
/// segments and prerequisites end. Fills `view` with the sections. Never reads outside `image`,
/// in time linear in its size.
base::Result<const ImageHeader*> VerifyImage(std::span<const std::byte> image, ImageView& view,
                                             Keeping keeping);

/// The checksum that belongs into the header of `image`.
std::uint64_t ImageChecksum(std::span<const std::byte> image);

}  // namespace pennon::engine
