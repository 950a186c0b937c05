// The files of the admin UI, compiled in: made of ui/ by ui/embed.mjs, or none (PENNON_UI=OFF).
#pragma once

#include <span>
#include <string_view>

namespace pennon::store {

/// Static text throughout.
struct PageFile {
  std::string_view path;  // "/", "/assets/index-x1y2.js"
  std::string_view content_type;
  std::string_view digest;  // of the content
  std::string_view plain;
  std::string_view gzip;  // the same, compressed
};

std::span<const PageFile> PageFiles();

}  // namespace pennon::store
