#include "cli/convert.h"

#include <iostream>

#include "cli/commands.h"
#include "cli/findings.h"
#include "cli/indented_json.h"
#include "cli/input.h"

namespace pennon::cli {

int Convert(const std::string& file, const wire::DocumentOptions& options) {
  const std::string name = NameOfInput(file);
  const auto text = ReadInput(file);
  if (!text) {
    std::cerr << RenderFindings({ProblemOfFile(name, text.error())});
    return kExitFailure;
  }
  std::vector<model::Diagnostic> diagnostics;  // FindProblems has them, with their places
  if (const auto native = wire::ReadAsNative(*text, options, diagnostics)) {
    std::cout << IndentedJson(*native) << '\n';
  }
  const auto findings = FindProblems(name, *text, options);
  std::cerr << RenderFindings(findings);
  return HasError(findings) ? kExitFailure : 0;
}

}  // namespace pennon::cli
