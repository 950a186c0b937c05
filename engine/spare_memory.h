// The memory of the last image that was let go of, kept for the next one: fresh pages have to be
// cleared by the kernel, which takes longer than copying an image into them.
#pragma once

#include <cstddef>

namespace pennon::engine {

/// Larger blocks are not kept. One is, at most.
inline constexpr std::size_t kMaxSpareBytes = std::size_t{16} << 20U;

/// Blocks are kept from now on: for a program that changes images again and again. From any thread,
/// as all of these.
void KeepSpareMemory();
/// Gives back what is kept.
void ReleaseSpareMemory();

/// A block of exactly that many bytes that lies as large images do, or null.
void* TakeSpareMemory(std::size_t bytes);
/// False: the caller has to give it back.
bool OfferSpareMemory(void* block, std::size_t bytes);

}  // namespace pennon::engine
