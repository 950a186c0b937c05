#include "wire/document.h"

#include <algorithm>
#include <array>

#include "wire/document_text.h"
#include "wire/flagd_document.h"
#include "wire/native_document.h"
#include "wire/unleash_document.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

constexpr std::array kNames{std::string_view("native"), std::string_view("flagd"),
                            std::string_view("unleash")};

// What a translator says of a flag that it gave up is why that flag is broken; the compiler will
// report it.
void NameReasons(Document& document) {
  auto& diagnostics = document.diagnostics;
  for (model::Broken& broken : document.set.broken_flags) {
    const auto reason =
        std::find_if(diagnostics.begin(), diagnostics.end(), [&](const auto& diagnostic) {
          return diagnostic.severity == model::Severity::kError && diagnostic.flag == broken.key;
        });
    if (reason == diagnostics.end()) continue;
    const std::string flag = "flags." + broken.key;
    const std::string& where = reason->error.where();
    const std::size_t skipped = where.starts_with(flag + '.') ? flag.size() + 1 : 0;
    broken.error =
        Error::Invalid(where.substr(where == flag ? where.size() : skipped), reason->error.what());
    diagnostics.erase(reason);
  }
}

}  // namespace

base::Result<Value> ReadAsNative(std::string_view text, const DocumentOptions& options,
                                 std::vector<model::Diagnostic>& diagnostics) {
  auto given = ReadDocumentText(text);
  if (!given || options.format == DocumentFormat::kNative) return given;
  if (options.format == DocumentFormat::kFlagd) return FlagdToNative(*given, options, diagnostics);
  return UnleashToNative(*given, options, diagnostics);
}

base::Result<Document> ReadDocument(std::string_view text, const DocumentOptions& options) {
  if (options.format == DocumentFormat::kNative && IsJson(text)) {
    auto set = ReadNativeDocument(text);
    if (!set) return Fail(set.error());
    return Document{std::move(*set), {}};
  }
  std::vector<model::Diagnostic> diagnostics;
  const auto native = ReadAsNative(text, options, diagnostics);
  if (!native) return Fail(native.error());
  return ReadTranslated(*native, std::move(diagnostics));
}

base::Result<Document> ReadTranslated(const Value& native,
                                      std::vector<model::Diagnostic> diagnostics) {
  auto set = ReadNativeValue(native);
  if (!set) return Fail(set.error());
  Document document;
  document.diagnostics = std::move(diagnostics);
  document.set = std::move(*set);
  NameReasons(document);
  return document;
}

std::string_view Name(DocumentFormat format) {
  return kNames[static_cast<std::size_t>(format)];
}

std::optional<DocumentFormat> ParseDocumentFormat(std::string_view text) {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<DocumentFormat>(found - kNames.begin());
}

}  // namespace pennon::wire
