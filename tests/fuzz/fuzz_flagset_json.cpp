// Reads bytes as a native document and as a sync body; what is accepted is compiled, attached and
// evaluated. The compiler and the verifier must agree: what compiles attaches.
#include <cstring>
#include <memory>
#include <string>

#include "tests/fuzz/evaluate_all.h"
#include "wire/evaluation_request.h"
#include "wire/native_document.h"
#include "wire/sync_document.h"

namespace {

using namespace pennon;

void ReadRequest(std::string_view text, wire::RequestKind kind) {
  const std::unique_ptr<char[]> body(new char[text.size() + 1]);
  std::memcpy(body.get(), text.data(), text.size());
  model::Context context;
  wire::EvaluationRequest request;
  (void)wire::ReadEvaluationRequest({body.get(), text.size()}, kind, context, request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto set = wire::ReadNativeDocument(text)) test::CompileAndEvaluate(*set);
  const auto document = wire::ReadSyncDocument(text);
  if (document) test::CompileAndEvaluate(ReadDefinitions(document->head, document->lines));
  // A single definition, without a head whose digest no fuzzer finds.
  test::CompileAndEvaluate(
      wire::ReadDefinitions({}, {{wire::LineKind::kFlag, "a", std::string(text), ""},
                                 {wire::LineKind::kSegment, "s", std::string(text), ""}}));
  ReadRequest(text, wire::RequestKind::kOfrep);
  ReadRequest(text, wire::RequestKind::kEvaluate);
  return 0;
}
