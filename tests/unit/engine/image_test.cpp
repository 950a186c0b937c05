#include "engine/image.h"

#include <cstring>
#include <functional>
#include <optional>

#include "engine/image_verifier.h"
#include "engine/limits.h"
#include "engine/logic_record.h"
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

// Of three flags.
engine::ImageBytes LongerImage() {
  const std::string flag = R"({"type":"string","variants":[{"key":"on","value":"yes"}]})";
  return Attached(R"({"a":)" + flag + R"(,"b":)" + flag + R"(,"c":)" + flag + '}').compiled.image;
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

TEST_CASE("the memory of a large image that is let go of is the next one's, if it is of its size") {
  constexpr std::size_t kBytes = 3 * engine::kLargePage;
  engine::KeepSpareMemory();
  std::optional<engine::ImageBytes> image(std::in_place, kBytes);
  const std::byte* const memory = image->data();
  image.reset();
  image.emplace(kBytes - 1000);
  CHECK(image->data() == memory);
  CHECK(engine::TakeSpareMemory(kBytes) == nullptr);
  image.reset();
  CHECK(engine::TakeSpareMemory(2 * kBytes) == nullptr);
  engine::ReleaseSpareMemory();
  CHECK(engine::TakeSpareMemory(kBytes) == nullptr);
  CHECK_FALSE(engine::OfferSpareMemory(nullptr, engine::kMaxSpareBytes + 1));
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

TEST_CASE("of a mapped image a flag is found when it, and all that it asks, is sound") {
  const auto asks = [](const std::string& flag) {
    return R"({"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
      "default":{"variant":"on"})" +
           (flag.empty() ? "" : R"(,"prerequisites":[{"flag":")" + flag + R"("}])") + '}';
  };
  const Attached good(R"({"alone":)" + asks("") + R"(,"below":)" + asks("") + R"(,"middle":)" +
                      asks("below") + R"(,"top":)" + asks("middle") + '}');
  engine::ImageBytes image = good.compiled.image;
  engine::FlagRecord record;
  std::byte* const below = image.data() + good.snapshot.Find("below")->offset;
  std::memcpy(&record, below, sizeof(record));
  record.metadata = {static_cast<std::uint32_t>(image.size()), 1};
  std::memcpy(below, &record, sizeof(record));
  CHECK_FALSE(engine::Snapshot::Attach(image, nullptr, engine::Keeping::kInMemory).has_value());
  const auto mapped = engine::Snapshot::Attach(image, nullptr, engine::Keeping::kMapped);
  REQUIRE(mapped.has_value());
  for (int round = 0; round < 2; ++round) {
    CHECK(engine::Evaluate(*mapped, "alone", {}, {}).boolean);
    for (const char* const flag : {"below", "middle", "top"}) {
      CHECK_FALSE(mapped->Find(flag));
      CHECK(engine::Evaluate(*mapped, flag, {}, {}).error == model::EvaluationError::kFlagNotFound);
    }
  }
  std::size_t sound = 0;
  for (std::uint32_t i = 0; i < mapped->flag_count(); ++i) sound += mapped->IsSound(mapped->At(i));
  CHECK(sound == 1);
}

TEST_CASE("of a mapped image a flag whose key or block is too long is not found, others are") {
  const engine::ImageBytes good = LongerImage();
  const auto snapshot = engine::Snapshot::Attach(good);
  REQUIRE(snapshot);
  for (std::uint32_t i = 0; i < snapshot->flag_count(); ++i) {
    const std::uint32_t offset = snapshot->At(i).offset;
    engine::FlagRecord record;
    std::memcpy(&record, good.data() + offset, sizeof(record));
    const auto rest = static_cast<std::uint32_t>(good.size() - offset);
    const std::uint32_t room =
        i + 1 < snapshot->flag_count() ? snapshot->At(i + 1).offset - offset : rest;
    for (const auto& [field, value] : {std::pair(&engine::FlagRecord::key_size, record.block_size),
                                       std::pair(&engine::FlagRecord::key_size, rest),
                                       std::pair(&engine::FlagRecord::key_size, ~0U),
                                       std::pair(&engine::FlagRecord::block_size, 0U),
                                       std::pair(&engine::FlagRecord::block_size, room + 1),
                                       std::pair(&engine::FlagRecord::block_size, ~0U)}) {
      engine::ImageBytes image = good;
      engine::FlagRecord broken = record;
      broken.*field = value;
      std::memcpy(image.data() + offset, &broken, sizeof(broken));
      CHECK_FALSE(engine::Snapshot::Attach(image, nullptr, engine::Keeping::kInMemory).has_value());
      const auto mapped = engine::Snapshot::Attach(image, nullptr, engine::Keeping::kMapped);
      REQUIRE(mapped.has_value());
      for (std::uint32_t k = 0; k < snapshot->flag_count(); ++k) {
        CHECK(mapped->Find(snapshot->Key(snapshot->At(k))).has_value() == (k != i));
        CHECK(mapped->Key(mapped->At(k)).size() <= engine::kMaxKeyBytes);
      }
    }
  }
}

TEST_CASE("a mapped image whose flags begin outside or in another order is refused whole") {
  const engine::ImageBytes good = LongerImage();
  engine::ImageHeader header;
  std::memcpy(&header, good.data(), sizeof(header));
  REQUIRE(header.flags.count > 1);
  const auto last =
      static_cast<std::uint32_t>(good.size() / engine::kBlockAlignment * engine::kBlockAlignment);
  for (const std::uint32_t offset : {0U, 1U, last, last + engine::kBlockAlignment, ~0U}) {
    for (const std::uint32_t i : {0U, header.flags.count - 1}) {
      engine::ImageBytes image = good;
      std::memcpy(image.data() + header.flags.offset + i * sizeof(offset), &offset, sizeof(offset));
      CHECK_FALSE(engine::Snapshot::Attach(image, nullptr, engine::Keeping::kMapped).has_value());
    }
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
  CHECK(ErrorWith(&engine::ImageHeader::major, std::uint16_t{7}).find("major version 7") !=
        std::string::npos);
}

namespace {

// An image with a rule of JSONLogic whose node `index` has been changed, with a right checksum.
std::string LogicErrorWith(std::size_t index,
                           const std::function<void(engine::LogicNode&)>& change) {
  engine::ImageBytes image =
      Attached(R"({"a":{"type":"string","variants":[{"key":"x","value":"x"}],"default":{"jsonlogic":
        {"if":[{"in":[{"var":"k"},["v"]]},"x",{"fractional":[{"var":"k"},["x",1]]}]}}}})")
          .compiled.image;
  engine::ImageHeader header;
  std::memcpy(&header, image.data(), sizeof(header));
  std::uint32_t flag_at = 0;
  std::memcpy(&flag_at, image.data() + header.flags.offset, sizeof(flag_at));
  engine::FlagRecord flag;
  std::memcpy(&flag, image.data() + flag_at, sizeof(flag));
  engine::LogicRecord logic;
  std::memcpy(&logic, image.data() + flag_at + flag.fallthrough.index, sizeof(logic));
  REQUIRE(index < logic.nodes.count);
  std::byte* const at =
      image.data() + flag_at + logic.nodes.offset + index * sizeof(engine::LogicNode);
  engine::LogicNode node;
  std::memcpy(&node, at, sizeof(node));
  change(node);
  std::memcpy(at, &node, sizeof(node));
  header.checksum = engine::ImageChecksum(image);
  std::memcpy(image.data(), &header, sizeof(header));
  return AttachError(image);
}

}  // namespace

TEST_CASE("nodes of JSONLogic that lead astray are noticed") {
  using engine::LogicNode;
  using engine::LogicOp;
  CHECK(LogicErrorWith(0, [](LogicNode& /*node*/) {}) == "");
  const std::string wrong = "has a record that points outside of it";
  CHECK(LogicErrorWith(0, [](LogicNode& node) { node.first = 0; }) == wrong);
  CHECK(LogicErrorWith(0, [](LogicNode& node) { node.count = 1'000; }) == wrong);
  CHECK(LogicErrorWith(0, [](LogicNode& node) { node.count = 0xffffffff; }) == wrong);
  CHECK(LogicErrorWith(0, [](LogicNode& node) { node.op = static_cast<LogicOp>(200); }) == wrong);
  CHECK(LogicErrorWith(1, [](LogicNode& node) { node.operand = 1'000; }) == wrong);
  CHECK(LogicErrorWith(1, [](LogicNode& node) { node.variant = 9; }) == wrong);
  CHECK(LogicErrorWith(2, [](LogicNode& node) { node.payload = ~std::uint64_t{0}; }) == wrong);
  CHECK(LogicErrorWith(3, [](LogicNode& node) { node.operand = 1'000'000; }) == wrong);
  CHECK(LogicErrorWith(3, [](LogicNode& node) { node.count = 0; }) == wrong);
}

}  // namespace pennon::test
