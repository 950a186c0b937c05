// What reading and compiling a flag-set document brings to light.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/diagnostic.h"
#include "wire/document.h"
#include "wire/text_position.h"

namespace pennon::cli {

struct Finding {
  std::string file;
  wire::TextPosition position;
  std::string path;  // inside the document; "" when it is no document at all
  std::string what;
  model::Severity severity = model::Severity::kError;
};

/// What the daemon and the store would say of `text`, in the order of the text. Places are looked
/// for in the text as it is given, whatever its format.
std::vector<Finding> FindProblems(const std::string& file, std::string_view text,
                                  const wire::DocumentOptions& options);
/// An error that has to do with no place inside the file.
Finding ProblemOfFile(const std::string& file, const base::Error& error);

bool HasError(const std::vector<Finding>& findings);
/// "flags.json:3:14: flags.a.type: is missing", one to a line.
std::string RenderFindings(const std::vector<Finding>& findings);

}  // namespace pennon::cli
