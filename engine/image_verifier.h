// Checks an image once, so that evaluation can read it in place without checking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "engine/image_view.h"
#include "engine/verified_flags.h"

namespace pennon::engine {

/// Verifies magic, version, size, checksum and every offset, index and bound, and that conditions,
/// segments and prerequisites end. Fills `view` with the sections. Never reads outside `image`,
/// in time linear in its size. With Keeping::kMapped of flags only that their blocks begin in the
/// image, one after the other: what they hold, and where they end, is VerifyFlag's.
base::Result<const ImageHeader*> VerifyImage(std::span<const std::byte> image, ImageView& view,
                                             Keeping keeping);

/// The same for an image in memory whose flags, but those with the indices `changed`, were verified
/// in the image that they were copied from, with the tables and segments that they refer to.
base::Result<const ImageHeader*> VerifyPatched(std::span<const std::byte> image,
                                               std::span<const std::uint32_t> changed,
                                               ImageView& view);

/// Verifies the flag whose block is at `offset`, one of the view's, and those that it asks, unless
/// that was done, and notes it. False: it must not be evaluated.
bool VerifyFlag(const ImageView& view, std::uint32_t offset, VerifiedFlags& verified);

/// The checksum that belongs into the header of `image`.
std::uint64_t ImageChecksum(std::span<const std::byte> image);

}  // namespace pennon::engine
