// Reads bytes as a native document and as a single definition of the sync feed; what is accepted is
// compiled, attached and evaluated. The compiler and the verifier must agree: what compiles
// attaches.
#include <string>

#include "tests/fuzz/evaluate_all.h"
#include "wire/native_document.h"
#include "wire/sync_document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto set = wire::ReadNativeDocument(text)) test::CompileAndEvaluate(*set);
  test::CompileAndEvaluate(
      wire::ReadDefinitions({}, {{wire::LineKind::kFlag, "a", std::string(text)},
                                 {wire::LineKind::kSegment, "s", std::string(text)}}));
  return 0;
}
