#include "wire/frame_map.h"

#include "wire/frame_writer.h"

namespace pennon::wire {

void AppendMap(std::string& out, std::uint32_t id) {
  const FrameWriter frame(out, FrameType::kMap, 0, id);
}

void AppendMapped(std::string& out, std::uint32_t id, const FrameMapped& mapped) {
  FrameWriter(out, FrameType::kMapped, 0, id)
      .Put(mapped.serial, mapped.image_bytes, mapped.default_bytes);
}

base::Result<FrameMapped> DecodeMapped(std::string_view payload) {
  FrameReader reader(payload);
  FrameMapped mapped;
  mapped.serial = reader.Get<std::uint64_t>();
  mapped.image_bytes = reader.Get<std::uint64_t>();
  mapped.default_bytes = reader.Get<std::uint64_t>();
  if (!reader.ok()) return base::Fail(base::Error::Invalid("mapped", "is cut off"));
  return mapped;
}

}  // namespace pennon::wire
