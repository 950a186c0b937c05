// The answer to a map frame: what the descriptors are that come with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/frame.h"

namespace pennon::wire {

/// The descriptors follow in this order: control page, image and, when there are any, defaults.
struct FrameMapped {
  std::uint64_t serial = 0;  // of the image, as in the control page
  std::uint64_t image_bytes = 0;
  std::uint64_t default_bytes = 0;  // of the image with the configuration's defaults; 0: none
};
void AppendMap(std::string& out, std::uint32_t id);
void AppendMapped(std::string& out, std::uint32_t id, const FrameMapped& mapped);
base::Result<FrameMapped> DecodeMapped(std::string_view payload);

}  // namespace pennon::wire
