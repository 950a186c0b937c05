#include "engine/image.h"

#include <cstring>

#include "engine/image_verifier.h"
#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

engine::ImageBytes Image() {
  return Attached(R"({"a":{"type":"boolean","variants":[{"key":"on","value":true}],
    "targets":[{"variant":"on","values":[1,2,3,4,5,6,7,8,9,10]}],
    "rules":[{"when":{"attr":"x","op":"in","values":["y"]},"serve":{"variant":"on"}}],
    "default":{"variant":"on"}}})")
      .compiled.image;
}

std::string AttachError(const engine::ImageBytes& image) {
  const auto snapshot = engine::Snapshot::Attach(image);
  return snapshot ? "" : snapshot.error().what();
}

template <typename T>
std::string ErrorWith(T engine::ImageHeader::*field, T value) {
  engine::ImageBytes image = Image();
  engine::ImageHeader header;
  std::memcpy(&header, image.data(), sizeof(header));
  header.*field = value;
  std::memcpy(image.data(), &header, sizeof(header));
  return AttachError(image);
}

}  // namespace

TEST_CASE("an image attaches, wherever it lies, and says what it holds") {
  const engine::ImageBytes image = Image();
  const engine::ImageBytes elsewhere = image;
  const auto snapshot = engine::Snapshot::Attach(elsewhere);
  REQUIRE(snapshot);
  CHECK(snapshot->environment() == "test");
  CHECK(snapshot->flag_count() == 1);
  CHECK(snapshot->Key(snapshot->At(0)) == "a");
  CHECK(snapshot->Find("a"));
  CHECK_FALSE(snapshot->Find("b"));
  CHECK_FALSE(snapshot->Find(""));
}

TEST_CASE("every single flipped bit is noticed") {
  const engine::ImageBytes good = Image();
  for (std::size_t i = 0; i < good.size(); ++i) {
    engine::ImageBytes image = good;
    image[i] ^= std::byte{0x10};
    // The minor version may grow without a reader noticing; it is under the checksum's cover not.
    const bool is_minor =
        i == offsetof(engine::ImageHeader, minor) || i == offsetof(engine::ImageHeader, minor) + 1;
    const bool is_header_size = i >= offsetof(engine::ImageHeader, header_size) &&
                                i < offsetof(engine::ImageHeader, header_size) + 4;
    if (is_minor || is_header_size) continue;
    CHECK_FALSE(engine::Snapshot::Attach(image).has_value());
  }
}

TEST_CASE("an image that is cut off, of another kind or of a newer major version says so") {
  engine::ImageBytes image = Image();
  CHECK(AttachError({}) != "");
  for (std::size_t size = 0; size < image.size(); size += 7) {
    CHECK(AttachError({image.begin(), image.begin() + static_cast<std::ptrdiff_t>(size)}) != "");
  }
  image.push_back(std::byte{0});
  CHECK(AttachError(image) == "is cut off or has bytes too many");
  CHECK(ErrorWith(&engine::ImageHeader::magic, std::uint64_t{7}).find("magic") !=
        std::string::npos);
  CHECK(ErrorWith(&engine::ImageHeader::major, std::uint16_t{2}).find("major version 2") !=
        std::string::npos);
}

}  // namespace pennon::test
