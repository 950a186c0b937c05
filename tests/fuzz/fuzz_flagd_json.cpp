// Reads bytes as a flagd document; what is accepted is compiled, attached and evaluated.
#include <cstdint>
#include <string_view>

#include "engine/compile.h"
#include "engine/evaluate.h"
#include "wire/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = wire::ReadDocument(text, {wire::DocumentFormat::kFlagd, "fuzz", 3});
  if (!document) return 0;
  const auto compiled = engine::Compile(document->set);
  if (!compiled) return 0;
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) __builtin_trap();
  model::Context context;
  context.AddString(model::kTargetingKey, "u");
  context.AddInt("a", 1);
  for (std::uint32_t i = 0; i < snapshot->flag_count(); ++i) {
    const auto evaluation = engine::Evaluate(*snapshot, snapshot->At(i), context, {});
    if (evaluation.has_value && evaluation.value_json.empty()) __builtin_trap();
  }
  return 0;
}
