// The images of all rows as they are stored in tests/contract/images: today's compiler gives the
// same bytes, and today's engine answers the rows from the stored ones, as a service would that
// maps an image of another version.
#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "tests/contract/engine_under_test.h"

namespace pennon::test {
namespace {

constexpr std::size_t kMaxImageFile = std::size_t{16} << 20U;

std::filesystem::path PathOf(const RowFile& file) {
  return std::filesystem::path(PENNON_SOURCE_DIR) / "tests" / "contract" / "images" /
         (file.name + ".image");
}

engine::ImageBytes ReadImage(const std::filesystem::path& path) {
  const auto text = base::ReadFile(path.string(), kMaxImageFile);
  REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().Message()));
  engine::ImageBytes bytes(text->size());
  std::memcpy(bytes.data(), text->data(), text->size());
  return bytes;
}

void WriteImage(const std::filesystem::path& path, const engine::ImageBytes& image) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(image.data()),
            static_cast<std::streamsize>(image.size()));
  REQUIRE(out.good());
}

}  // namespace

TEST_CASE("the compiler gives the stored images, and the engine answers from them") {
  const bool refresh = std::getenv("PENNON_REFRESH_IMAGES") != nullptr;
  for (const RowFile& file : LoadRowFiles()) {
    CAPTURE(file.name);
    const engine::ImageBytes compiled = CompileDocument(file.document);
    if (refresh) WriteImage(PathOf(file), compiled);
    const AlignedImage stored(ReadImage(PathOf(file)));
    CHECK_MESSAGE(compiled == stored.image,
                  "the image differs from the stored one. If a change of the layout or of the "
                  "rows is meant, raise kImageMajor or kImageMinor where old readers would "
                  "misunderstand it, and run ./test images");
    for (const Row& row : file.rows) CheckRow("stored image", row, AskEngine(stored, row));
  }
}

}  // namespace pennon::test
