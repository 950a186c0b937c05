#include "cli/findings.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/visible_text.h"
#include "engine/compile.h"
#include "wire/document_text.h"
#include "wire/flagd_document.h"

namespace pennon::cli {
namespace {

// The place that readers of text give: `line:column`.
std::optional<wire::TextPosition> ParsePosition(std::string_view where) {
  wire::TextPosition position;
  const char* const end = where.data() + where.size();
  const auto line = std::from_chars(where.data(), end, position.line);
  if (line.ec != std::errc() || line.ptr == end || *line.ptr != ':') return std::nullopt;
  const auto column = std::from_chars(line.ptr + 1, end, position.column);
  if (column.ec != std::errc() || column.ptr != end) return std::nullopt;
  return position;
}

// A reader's error has `line:column` as its place, a compiler's a path.
Finding MakeFinding(const std::string& file, std::string_view text, const base::Error& error,
                    const wire::DocumentOptions& options,
                    model::Severity severity = model::Severity::kError) {
  if (const auto position = ParsePosition(error.where())) {
    return {file, *position, "", error.what(), severity};
  }
  const std::string path = options.format == wire::DocumentFormat::kFlagd
                               ? wire::FlagdPath(error.where())
                               : error.where();
  return {file, wire::FindDocumentPosition(text, path), path, error.what(), severity};
}

}  // namespace

std::vector<Finding> FindProblems(const std::string& file, std::string_view text,
                                  const wire::DocumentOptions& options) {
  const auto document = wire::ReadDocument(text, options);
  if (!document) return {MakeFinding(file, text, document.error(), options)};
  const auto compiled = engine::Compile(document->set);
  if (!compiled) return {MakeFinding(file, text, compiled.error(), options)};
  std::vector<Finding> findings;
  for (const auto* diagnostics : {&document->diagnostics, &compiled->diagnostics}) {
    for (const model::Diagnostic& diagnostic : *diagnostics) {
      findings.push_back(MakeFinding(file, text, diagnostic.error, options, diagnostic.severity));
    }
  }
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
  return findings;
}

Finding ProblemOfFile(const std::string& file, const base::Error& error) {
  return {file, {}, "", error.what(), model::Severity::kError};
}

bool HasError(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.severity == model::Severity::kError;
  });
}

std::string RenderFindings(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += finding.file + ':' + wire::LineAndColumn(finding.position) + ": ";
    if (finding.severity == model::Severity::kWarning) out += "warning: ";
    if (!finding.path.empty()) out += base::VisibleText(finding.path) + ": ";
    out += base::VisibleText(finding.what) + '\n';
  }
  return out;
}

}  // namespace pennon::cli
