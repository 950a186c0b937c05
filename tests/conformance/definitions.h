// The definitions that were loaded, compiled and ready.
#pragma once

#include <vector>

#include "base/result.h"
#include "engine/image_bytes.h"
#include "engine/snapshot.h"
#include "model/diagnostic.h"
#include "wire/document.h"

namespace pennon::conformance {

/// Empty at first: it has no flag. Confined to one thread.
class Definitions {
 public:
  Definitions();

  /// Takes what `request` gives: {"format", "doc", "options": {"fractional"}}; `doc` is a document
  /// or its text. On an error all stays as it was. What readers and compiler have to say is given
  /// back.
  base::Result<std::vector<model::Diagnostic>> Load(const model::Value& request);

  [[nodiscard]] const engine::Snapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] wire::DocumentFormat format() const { return format_; }

 private:
  base::Result<std::vector<model::Diagnostic>> Compile(wire::Document document);

  engine::ImageBytes image_;
  engine::Snapshot snapshot_;  // of image_
  wire::DocumentFormat format_ = wire::DocumentFormat::kNative;
};

/// The text member of a request, "" when there is none.
std::string_view TextOf(const model::Value& request, std::string_view member);

}  // namespace pennon::conformance
