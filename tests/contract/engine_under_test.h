// The engine itself, asked about the rows.
#pragma once

#include <string>

#include "engine/image_bytes.h"
#include "engine/snapshot.h"
#include "tests/contract/contract_rows.h"

namespace pennon::test {

/// An image with its snapshot; fails the test when the bytes are no image.
struct AlignedImage {
  explicit AlignedImage(engine::ImageBytes bytes);

  engine::ImageBytes image;
  engine::Snapshot snapshot;
};

/// The image that the compiler makes of a native document.
engine::ImageBytes CompileDocument(const std::string& document);

/// The engine's answer; Explain has to agree with it.
Expected AskEngine(const AlignedImage& image, const Row& row);

/// Checks the answer that `way` gave.
void CheckRow(std::string_view way, const Row& row, const Expected& got);

}  // namespace pennon::test
