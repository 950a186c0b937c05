// Reads bytes as a rule of JSONLogic, a line feed and data; compiles the rule and evaluates it, in
// every generation of `fractional`. What compiles attaches and ends.
#include <cstdint>
#include <string_view>

#include "engine/logic.h"
#include "wire/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const auto rule = wire::ReadJson(text.substr(0, end));
  if (!rule) return 0;
  const auto given = end == std::string_view::npos ? base::Result<model::Value>(model::Value())
                                                   : wire::ReadJson(text.substr(end + 1));
  if (!given) return 0;
  for (int fractional = 1; fractional <= 3; ++fractional) {
    if (engine::EvaluateLogic(*rule, *given, fractional).has_value()) continue;
    break;
  }
  return 0;
}
