// Reads bytes as a body of Unleash's client API; what comes out is compiled and evaluated.
#include "tests/fuzz/evaluate_all.h"
#include "wire/document.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pennon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document =
      wire::ReadDocument(text, {.format = wire::DocumentFormat::kUnleash, .environment = "e"});
  if (document) test::CompileAndEvaluate(document->set);
  return 0;
}
