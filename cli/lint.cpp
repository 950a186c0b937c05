#include "cli/lint.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "base/file.h"
#include "base/json_text.h"
#include "cli/commands.h"
#include "engine/compile.h"
#include "wire/document.h"
#include "wire/document_text.h"

namespace pennon::cli {
namespace {

constexpr std::size_t kMaxDocumentBytes = std::size_t{64} << 20U;

struct Finding {
  std::string file;
  wire::TextPosition position;
  std::string path;  // inside the document; "" when it is no document at all
  std::string what;
};

// A reader's error has `line:column` as its place, a compiler's a path.
Finding MakeFinding(const std::string& file, std::string_view text, const base::Error& error) {
  Finding finding{file, wire::FindDocumentPosition(text, error.where()), error.where(),
                  error.what()};
  std::size_t line = 0;
  std::size_t column = 0;
  int read = 0;
  const int fields = std::sscanf(error.where().c_str(), "%zu:%zu%n", &line, &column, &read);
  if (fields == 2 && static_cast<std::size_t>(read) == error.where().size()) {
    finding.position = {line, column};
    finding.path.clear();
  }
  return finding;
}

std::vector<Finding> LintFile(const std::string& file) {
  const auto text = base::ReadFile(file, kMaxDocumentBytes);
  if (!text) {
    return {{file, {}, "", text.error().what()}};
  }
  const auto document = wire::ReadDocument(*text, {});
  if (!document) return {MakeFinding(file, *text, document.error())};
  const auto compiled = engine::Compile(document->set);
  if (!compiled) return {MakeFinding(file, *text, compiled.error())};
  std::vector<Finding> findings;
  for (const auto& diagnostic : document->diagnostics) {
    findings.push_back(MakeFinding(file, *text, diagnostic.error));
  }
  for (const auto& diagnostic : compiled->diagnostics) {
    findings.push_back(MakeFinding(file, *text, diagnostic.error));
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
  return findings;
}

std::string Json(const std::vector<Finding>& findings) {
  std::string out = "{\"findings\":[";
  for (const Finding& finding : findings) {
    if (&finding != &findings.front()) out += ',';
    base::JsonObject(out)
        .String("file", finding.file)
        .Uint("line", finding.position.line)
        .Uint("column", finding.position.column)
        .String("path", finding.path)
        .String("message", finding.what)
        .Close();
  }
  return out + "]}\n";
}

std::string Text(const std::vector<Finding>& findings, std::size_t files) {
  std::string out;
  for (const Finding& finding : findings) {
    out += finding.file + ':' + std::to_string(finding.position.line) + ':' +
           std::to_string(finding.position.column) + ": ";
    if (!finding.path.empty()) out += finding.path + ": ";
    out += finding.what + '\n';
  }
  const auto count = [](std::size_t number, std::string_view noun) {
    return std::to_string(number) + ' ' + std::string(noun) + (number == 1 ? "" : "s");
  };
  return out + count(files, "file") + ", " +
         (findings.empty() ? "nothing wrong" : count(findings.size(), "problem")) + '\n';
}

}  // namespace

int Lint(const std::vector<std::string>& files, bool json) {
  std::vector<Finding> findings;
  for (const std::string& file : files) {
    auto more = LintFile(file);
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  }
  std::cout << (json ? Json(findings) : Text(findings, files.size()));
  return findings.empty() ? 0 : kExitFailure;
}

}  // namespace pennon::cli
