// Hands a client the memory of a hostile daemon: sizes, seals, the control page and the image are
// the fuzzer's. What is taken is evaluated; it may say anything, but read nothing outside.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "client/local_set.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "engine/image_verifier.h"
#include "wire/native_document.h"

namespace {

using namespace pennon;

constexpr std::string_view kDocument = R"({"environment":"fuzz","flags":{
 "a":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
  "rules":[{"when":{"any":[{"attr":"s","op":"regex","values":["^b","q.b"]},{"segment":"g"}]},
   "serve":{"variant":"on"}}],
  "default":{"split":{"weights":[{"variant":"on","weight":5},{"variant":"off","weight":5}]}}},
 "o":{"type":"object","variants":[{"key":"v","value":{"x":[1,2]}}],"default":{"variant":"v"}}},
 "segments":{"g":{"included":["u1","u2"]}}})";

const engine::ImageBytes& ValidImage() {
  static const engine::ImageBytes kImage =
      engine::Compile(*wire::ReadNativeDocument(kDocument))->image;
  return kImage;
}

struct Input {
  const std::uint8_t* data;
  std::size_t size;

  std::uint8_t Byte() {
    if (size == 0) return 0;
    --size;
    return *data++;
  }
  // Offset (2 bytes) and a byte, so often.
  template <typename Bytes>
  void Change(Bytes& bytes, std::size_t times) {
    for (std::size_t i = 0; i < times && !bytes.empty(); ++i) {
      const std::size_t at = Byte() << 8U | Byte();
      bytes[at % bytes.size()] = static_cast<typename Bytes::value_type>(Byte());
    }
  }
};

template <typename Bytes>
base::Descriptor Memory(const Bytes& bytes, int seals) {
  base::Descriptor memory(::memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::write(memory.get(), bytes.data(), bytes.size()) < 0) __builtin_trap();
  (void)::fcntl(memory.get(), F_ADD_SEALS, seals);
  return memory;
}

void Mend(engine::ImageBytes& image) {
  engine::ImageHeader header;
  if (image.size() < sizeof(header)) return;
  std::memcpy(&header, image.data(), sizeof(header));
  header.image_size = image.size();
  std::memcpy(image.data(), &header, sizeof(header));
  header.checksum = engine::ImageChecksum(image);
  std::memcpy(image.data(), &header, sizeof(header));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{data, size};
  const std::uint8_t how = input.Byte();
  std::string page(wire::kControlPageBytes, '\0');
  const wire::ControlPage good;
  std::memcpy(page.data(), static_cast<const void*>(&good), sizeof(good));
  if ((how & 1U) != 0) input.Change(page, 1 + input.Byte() % 8);
  if ((how & 2U) != 0) page.resize(input.Byte() * 16);
  engine::ImageBytes image = ValidImage();
  if ((how & 4U) != 0)
    image.resize(image.size() - std::min<std::size_t>(input.Byte(), image.size()));
  input.Change(image, input.Byte() % 16);
  if ((how & 8U) == 0) Mend(image);
  client::MappedAnswer answer;
  answer.head.serial = input.Byte();
  answer.head.image_bytes = image.size() + ((how & 16U) != 0 ? input.Byte() : 0);
  const int seals = (how & 32U) != 0 ? input.Byte() % 32 : wire::kImageSeals;
  answer.control = Memory(page, wire::kControlSeals);
  answer.image = Memory(image, seals);
  const auto set = client::LocalSet::FromDaemon(answer, nullptr);
  if (!set) return 0;
  if ((seals & wire::kImageSeals) != wire::kImageSeals) __builtin_trap();
  const engine::Snapshot& snapshot = (*set)->snapshot();
  model::Context context;
  context.AddString(model::kTargetingKey, "u1");
  context.AddString("s", "aqb");
  volatile std::size_t sum = (*set)->State().age_millis + ((*set)->IsOutdated() ? 1 : 0);
  for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
    const engine::FlagHandle flag = snapshot.At(i);
    const auto found = snapshot.Find(snapshot.Key(flag));
    if (found && !snapshot.IsSound(*found)) __builtin_trap();
    if (!snapshot.IsSound(flag)) continue;
    const auto evaluation = engine::Evaluate(snapshot, flag, context, {});
    for (const char c : evaluation.value_json) sum = sum + static_cast<unsigned char>(c);
    for (const char c : evaluation.variant) sum = sum + static_cast<unsigned char>(c);
    (void)snapshot.FindVariant(flag, "on");
  }
  return 0;
}
