// Reads bytes as YAML. What is read is JSON when written out, and reads back as the same value; as
// a native document it compiles or is refused, and every path of it has a position.
#include <string>

#include "engine/compile.h"
#include "wire/json.h"
#include "wire/native_document.h"
#include "wire/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto position = wire::FindYamlPosition(text, "flags.a.rules[0].when");
  if (position.line == 0 || position.column == 0) __builtin_trap();
  const auto value = wire::ReadYaml(text);
  if (!value) return 0;
  std::string json;
  AppendJson(json, *value);
  const auto again = wire::ReadJson(json);
  if (!again || !(*again == *value)) __builtin_trap();
  if (const auto set = wire::ReadNativeValue(*value)) (void)engine::Compile(*set);
  return 0;
}
