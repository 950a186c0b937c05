#include "cli/lint.h"

#include <iostream>
#include <iterator>

#include "base/json_text.h"
#include "cli/commands.h"
#include "cli/findings.h"
#include "cli/input.h"

namespace pennon::cli {
namespace {

std::vector<Finding> LintFile(const std::string& file, const wire::DocumentOptions& options) {
  const auto text = ReadInput(file);
  if (!text) return {ProblemOfFile(NameOfInput(file), text.error())};
  return FindProblems(NameOfInput(file), *text, options);
}

std::string Json(const std::vector<Finding>& findings) {
  std::string out = "{\"findings\":[";
  for (const Finding& finding : findings) {
    if (&finding != &findings.front()) out += ',';
    base::JsonObject(out)
        .String("file", finding.file)
        .Uint("line", finding.position.line)
        .Uint("column", finding.position.column)
        .String("severity", finding.severity == model::Severity::kError ? "error" : "warning")
        .String("path", finding.path)
        .String("message", finding.what)
        .Close();
  }
  return out + "]}\n";
}

std::string Text(const std::vector<Finding>& findings, std::size_t files) {
  const auto count = [](std::size_t number, std::string_view noun) {
    return std::to_string(number) + ' ' + std::string(noun) + (number == 1 ? "" : "s");
  };
  return RenderFindings(findings) + count(files, "file") + ", " +
         (findings.empty() ? "nothing wrong" : count(findings.size(), "problem")) + '\n';
}

}  // namespace

int Lint(const std::vector<std::string>& files, const wire::DocumentOptions& options, bool json) {
  std::vector<Finding> findings;
  for (const std::string& file : files) {
    auto more = LintFile(file, options);
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  }
  std::cout << (json ? Json(findings) : Text(findings, files.size()));
  return HasError(findings) ? kExitFailure : 0;
}

}  // namespace pennon::cli
