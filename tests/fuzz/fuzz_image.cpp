// Changes valid images, mends their checksum, attaches them and evaluates every flag: nothing may
// be read outside of the image, and every evaluation must end.
#include <cstring>
#include <string>
#include <vector>

#include "engine/compile.h"
#include "engine/evaluate.h"
#include "engine/image_verifier.h"
#include "wire/native_document.h"

namespace {

using namespace pennon;

constexpr std::string_view kDocument = R"({"environment":"fuzz","flags":{
 "a":{"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],
  "offVariant":"off","targets":[{"variant":"on","values":["u1","u2",3,"u4","u5","u6","u7","u8","u9"]}],
  "kill":{"active":true,"expiresAt":-5},
  "rules":[{"id":"r","window":{"from":-7,"to":9},"when":{"all":[{"attr":"c","op":"in","values":["x","y"]},
    {"any":[{"attr":"/n/m","op":"gt","values":[1,2.5]},{"not":{"segment":"s2"}}]}]},
    "gate":{"percent":40},"serve":{"variant":"on"}},
   {"when":{"attr":"s","op":"contains","values":["Q"],"ignoreCase":true},
    "serve":{"split":{"bucketBy":["c","targetingKey"],"weights":[{"variant":"on","weight":1},
     {"variant":"off","weight":2}]}}}],
  "default":{"split":{"weights":[{"variant":"on","weight":5},{"variant":"off","weight":5}],
   "ramp":{"variant":"on","from":-100,"to":100,"startWeight":0,"endWeight":10},"onMissing":{"variant":"off"}}}},
 "b":{"type":"object","variants":[{"key":"v","value":{"x":[1,2]}}],
  "prerequisites":[{"flag":"a","variants":["on"]}],"default":{"variant":"v"},"metadata":{"t":1}},
 "c":{"type":"string","variants":[{"key":"v","value":"text"}],"prerequisites":[{"flag":"b"}],
  "default":{"variant":"v"}},
 "g":{"type":"boolean","variants":[{"key":"on","value":true}],"default":{"variant":"on"},"rules":[
   {"when":{"any":[{"attr":"s","op":"regex","values":["^b","q.b"]},
    {"attr":"s","op":"before","values":[1]},{"attr":"c","op":"after","values":["2027-01-31T12:00:00Z"]},
    {"attr":"v","op":"semverCaret","values":["1.2.3"]},{"attr":"v","op":"semverTilde","values":["v1"],"lenient":true},
    {"attr":"i","op":"cidr","values":["10.0.0.0/9","2001:db8::/33"]},{"attr":"n","op":"type","values":["array"]},
    {"attr":"n","op":"isNull"}]},"serve":{"variant":"on"}}]},
 "d":{"type":"number","enabled":false,"variants":[{"key":"v","value":1}],"offVariant":"v"},
 "e":{"type":"colour"}},
 "segments":{"s1":{"included":["u1"],"excluded":["u2"],"when":{"attr":"c","op":"exists"}},
  "s2":{"when":{"segment":"s1"}}}})";

const engine::ImageBytes& ValidImage() {
  static const engine::ImageBytes kImage = [] {
    const auto set = wire::ReadNativeDocument(kDocument);
    return engine::Compile(*set)->image;
  }();
  return kImage;
}

// The input is a list of changes: offset (2 bytes), width (1 byte), value (up to 4 bytes).
void Change(engine::ImageBytes& image, const std::uint8_t* data, std::size_t size) {
  while (size >= 7) {
    std::uint16_t offset = 0;
    std::memcpy(&offset, data, 2);
    const std::size_t width = 1 + data[2] % 4;
    const std::size_t at = offset % (image.size() - 4);
    std::memcpy(image.data() + at, data + 3, width);
    data += 7;
    size -= 7;
  }
}

void MendHeader(engine::ImageBytes& image) {
  engine::ImageHeader header;
  std::memcpy(&header, image.data(), sizeof(header));
  header.magic = engine::kImageMagic;
  header.major = engine::kImageMajor;
  header.image_size = image.size();
  std::memcpy(image.data(), &header, sizeof(header));
  header.checksum = engine::ImageChecksum(image);
  std::memcpy(image.data(), &header, sizeof(header));
}

void EvaluateAll(const engine::Snapshot& snapshot) {
  model::Context context;
  context.AddString(model::kTargetingKey, "u3");
  context.AddString("c", "x");
  context.AddString("s", "aqb");
  context.AddString("v", "1.3.0-rc.1");
  context.AddString("i", "10.1.2.3");
  const std::size_t outer = context.Begin("n", model::AttributeKind::kObject);
  const std::size_t inner = context.Begin("m", model::AttributeKind::kArray);
  context.AddInt("", 3);
  context.AddDouble("", 1.5);
  context.End(inner);
  context.End(outer);
  for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
    const auto flag = snapshot.At(i);
    const auto evaluation = engine::Evaluate(snapshot, flag, context, {});
    // Reading the views is what a mended offset would crash on.
    volatile std::size_t sum = 0;
    for (const std::string_view text :
         {evaluation.value_json, evaluation.variant, evaluation.text, evaluation.detail,
          evaluation.metadata, snapshot.Key(flag)}) {
      for (const char c : text) sum = sum + static_cast<unsigned char>(c);
    }
    (void)engine::Evaluate(snapshot, snapshot.Key(flag), context, {});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The heap block has the image's exact size, so the sanitizer sees every byte read beyond it.
  engine::ImageBytes image = ValidImage();
  if (size > 0 && data[0] % 8 == 0) image.resize(image.size() - data[0] / 8);
  Change(image, data + (size > 0 ? 1 : 0), size > 0 ? size - 1 : 0);
  MendHeader(image);
  const std::vector<std::byte> exact(image.begin(), image.end());
  const auto snapshot = engine::Snapshot::Attach(exact);
  if (snapshot) EvaluateAll(*snapshot);
  return 0;
}
