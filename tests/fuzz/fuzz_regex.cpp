// Reads a line as a pattern and the rest as a text. What the check takes compiles, with the prefix
// that ignores case as well, answers by whatever way it was compiled, and ends.
#include <string>

#include "engine/limits.h"
#include "engine/operand.h"
#include "engine/regex.h"

namespace {

using namespace pennon;

bool IsTaken(const std::string& pattern, bool ignore_case) {
  model::LeafCondition leaf;
  leaf.op = model::Operator::kRegex;
  leaf.ignore_case = ignore_case;
  leaf.values.emplace_back(pattern);
  const auto error = engine::CheckOperands(leaf);
  if (error && error->where().empty()) __builtin_trap();
  return !error;
}

// However it was compiled, and for the second time as well, the answer is the same.
void Find(const std::string& pattern, std::string_view text) {
  const engine::Regexes before({pattern});
  const engine::Regexes after({pattern}, &before);
  if (before.At(0) != after.At(0)) __builtin_trap();
  const engine::Regexes anew({pattern});
  const auto found = after.Finds(0, text);
  if (found != anew.Finds(0, text) || found != after.Finds(0, text)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), size);
  const std::string pattern(input.substr(0, end));
  const std::string_view text = input.substr(std::min(end + 1, size));
  for (const bool ignore_case : {false, true}) {
    if (!IsTaken(pattern, ignore_case)) continue;
    const std::string compiled =
        std::string(ignore_case ? engine::kIgnoreCasePrefix : "") + pattern;
    const bool is_short = compiled.size() <= engine::kMaxPatternBytes;
    if (is_short && engine::CheckPatternAt(compiled, "p")) __builtin_trap();
    Find(compiled, text);
  }
  return 0;
}
