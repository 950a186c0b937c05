// Reads bytes as a native document and as a sync body; what is accepted is compiled, attached and
// evaluated. The compiler and the verifier must agree: what compiles attaches.
#include <cstring>
#include <memory>
#include <string>

#include "engine/compile.h"
#include "engine/evaluate.h"
#include "wire/evaluation_request.h"
#include "wire/native_document.h"
#include "wire/sync_document.h"

namespace {

using namespace pennon;

void CompileAndEvaluate(const model::FlagSet& set) {
  const auto compiled = engine::Compile(set);
  if (!compiled) return;
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) __builtin_trap();
  model::Context context;
  context.AddString(model::kTargetingKey, "u");
  context.AddInt("a", 1);
  for (std::uint32_t i = 0; i < snapshot->flag_count(); ++i) {
    const auto flag = snapshot->At(i);
    const auto evaluation = engine::Evaluate(*snapshot, flag, context, {});
    if (!snapshot->Find(snapshot->Key(flag))) __builtin_trap();
    if (evaluation.has_value && evaluation.value_json.empty()) __builtin_trap();
  }
  // Kept definitions take another way through the compiler.
  (void)engine::Compile(set, &set);
}

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
  if (const auto set = wire::ReadNativeDocument(text)) CompileAndEvaluate(*set);
  const auto document = wire::ReadSyncDocument(text);
  if (document) CompileAndEvaluate(ReadDefinitions(document->head, document->lines));
  // A single definition, without a head whose digest no fuzzer finds.
  CompileAndEvaluate(
      wire::ReadDefinitions({}, {{wire::LineKind::kFlag, "a", std::string(text), ""},
                                 {wire::LineKind::kSegment, "s", std::string(text), ""}}));
  ReadRequest(text, wire::RequestKind::kOfrep);
  ReadRequest(text, wire::RequestKind::kEvaluate);
  return 0;
}
