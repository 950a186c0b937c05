#include "wire/document.h"

#include <algorithm>
#include <array>

#include "wire/json.h"
#include "wire/native_document.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

constexpr std::array kNames{std::string_view("native"), std::string_view("flagd"),
                            std::string_view("unleash")};

}  // namespace

base::Result<Value> ReadAsNative(std::string_view text, const DocumentOptions& options,
                                 std::vector<model::Diagnostic>& /*diagnostics*/) {
  auto given = ReadJson(text);
  if (!given || options.format == DocumentFormat::kNative) return given;
  return Fail(
      Error::Invalid("format", '"' + std::string(Name(options.format)) + "\" cannot be read yet"));
}

base::Result<Document> ReadDocument(std::string_view text, const DocumentOptions& options) {
  Document document;
  const auto native = ReadAsNative(text, options, document.diagnostics);
  if (!native) return Fail(native.error());
  auto set = ReadNativeValue(*native);
  if (!set) return Fail(set.error());
  document.set = std::move(*set);
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
