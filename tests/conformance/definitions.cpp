#include "tests/conformance/definitions.h"

#include <iterator>

#include "engine/compile.h"

namespace pennon::conformance {
namespace {

using base::Error;
using base::Fail;
using model::Value;

base::Result<wire::DocumentOptions> OptionsOf(const Value& request) {
  wire::DocumentOptions options;
  options.environment = "conformance";
  const auto format = wire::ParseDocumentFormat(TextOf(request, "format"));
  if (!format) return Fail(Error::Invalid("format", "is none of native, flagd, unleash"));
  options.format = *format;
  const Value* given = request.Find("options");
  const Value* fractional = given == nullptr ? nullptr : given->Find("fractional");
  if (fractional != nullptr) {
    const auto* generation = fractional->AsInt();
    if (generation == nullptr || *generation < 1 || *generation > 3) {
      return Fail(Error::Invalid("options.fractional", "is not 1, 2 or 3"));
    }
    options.fractional = static_cast<int>(*generation);
  }
  return options;
}

// A native document may leave the environment out, as the rows of tests/contract do.
std::string DocumentText(const Value& doc, wire::DocumentFormat format) {
  if (doc.AsString() != nullptr) return *doc.AsString();
  std::string text;
  const bool is_native = format == wire::DocumentFormat::kNative && doc.AsObject() != nullptr;
  if (is_native && doc.Find("environment") == nullptr) {
    model::Object whole = *doc.AsObject();
    whole.emplace_back("environment", "conformance");
    AppendJson(text, Value(std::move(whole)));
  } else {
    AppendJson(text, doc);
  }
  return text;
}

}  // namespace

Definitions::Definitions() {
  wire::Document empty;
  empty.set.environment = "conformance";
  Compile(std::move(empty)).value();
}

base::Result<std::vector<model::Diagnostic>> Definitions::Load(const Value& request) {
  const auto options = OptionsOf(request);
  if (!options) return Fail(options.error());
  const Value* doc = request.Find("doc");
  if (doc == nullptr) return Fail(Error::Invalid("doc", "is missing"));
  auto document = wire::ReadDocument(DocumentText(*doc, options->format), *options);
  if (!document) return Fail(document.error());
  auto diagnostics = Compile(std::move(*document));
  if (diagnostics) format_ = options->format;
  return diagnostics;
}

base::Result<std::vector<model::Diagnostic>> Definitions::Compile(wire::Document document) {
  auto compiled = engine::Compile(document.set);
  if (!compiled) return Fail(compiled.error());
  auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) return Fail(snapshot.error());
  snapshot_ = std::move(*snapshot);
  image_ = std::move(compiled->image);
  std::move(compiled->diagnostics.begin(), compiled->diagnostics.end(),
            std::back_inserter(document.diagnostics));
  return std::move(document.diagnostics);
}

std::string_view TextOf(const Value& request, std::string_view member) {
  const Value* found = request.Find(member);
  if (found == nullptr || found->AsString() == nullptr) return {};
  return *found->AsString();
}

}  // namespace pennon::conformance
