// The one seam through which flag definitions of any format come in: bytes -> FlagSet.
//
// Every format may be written as JSON or as YAML (wire/document_text.h). Another format is
// translated into the native one first, as a JSON value, so what a definition means is said in one
// place and `pennon convert` prints what the engine runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "model/flag_set.h"

namespace pennon::wire {

enum class DocumentFormat : std::uint8_t { kNative, kFlagd, kUnleash };

struct DocumentOptions {
  DocumentFormat format = DocumentFormat::kNative;
  /// For formats that do not say it themselves.
  std::string environment = "default";
  /// Which generation of flagd's `fractional` decides: 1, 2 or 3.
  int fractional = 2;
};

/// What a document says. Diagnostics are the reader's own; the compiler adds others.
struct Document {
  model::FlagSet set;
  std::vector<model::Diagnostic> diagnostics;
};

/// Reads a document. A definition that cannot be read goes to `broken_flags` or `broken_segments`;
/// only a document that is no flag set at all is an error.
base::Result<Document> ReadDocument(std::string_view text, const DocumentOptions& options);

/// The same of a document that ReadAsNative has read, with what that had to say.
base::Result<Document> ReadTranslated(const model::Value& native,
                                      std::vector<model::Diagnostic> diagnostics);

/// The native document that `text` stands for.
base::Result<model::Value> ReadAsNative(std::string_view text, const DocumentOptions& options,
                                        std::vector<model::Diagnostic>& diagnostics);

/// "native", "flagd", "unleash".
std::string_view Name(DocumentFormat format);
std::optional<DocumentFormat> ParseDocumentFormat(std::string_view text);

}  // namespace pennon::wire
