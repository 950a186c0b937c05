#include "cli/compared_set.h"

#include "cli/input.h"
#include "cli/store_client.h"
#include "engine/compile.h"
#include "engine/evaluate.h"

namespace pennon::cli {

using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kStoreAt = "store@";

std::string ReasonOf(model::Reason reason, model::EvaluationError error) {
  return std::string(error == model::EvaluationError::kNone ? Name(reason) : Name(error));
}

// `name`: "store", or "store@" and an instant.
Result<std::string> FromStore(const std::string& name, const std::string& environment) {
  const auto login = FindLogin();
  if (!login) return Fail(login.error());
  std::string path = "/environments/" + UrlEncoded(environment) + "/export";
  if (name.starts_with(kStoreAt)) path += "?at=" + UrlEncoded(name.substr(kStoreAt.size()));
  return CallStore(*login, {"GET", path, ""});
}

}  // namespace

Result<ComparedSet> ComparedSet::Open(const std::string& name, const ComparedPlaces& places) {
  ComparedSet opened;
  opened.name_ = name == "-" ? NameOfInput(name) : name;
  if (name == "live") {
    opened.daemon_ = std::make_unique<client::Client>(places.daemon);
    return opened;
  }
  const bool is_store = name == "store" || name.starts_with(kStoreAt);
  const auto text = is_store ? FromStore(name, places.environment) : ReadInput(name);
  if (!text) return Fail(text.error());
  const auto taken = opened.Take(*text, is_store ? wire::DocumentOptions() : places.document);
  if (!taken) return Fail(taken.error().Within(opened.name_));
  return opened;
}

Result<void> ComparedSet::Take(const std::string& text, const wire::DocumentOptions& options) {
  auto document = wire::ReadDocument(text, options);
  if (!document) return Fail(document.error());
  auto compiled = engine::Compile(document->set);
  if (!compiled) return Fail(compiled.error());
  image_ = std::make_unique<engine::ImageBytes>(std::move(compiled->image));
  auto snapshot = engine::Snapshot::Attach(*image_);
  if (!snapshot) return Fail(snapshot.error());
  snapshot_.emplace(std::move(*snapshot));
  set_ = std::move(document->set);
  return {};
}

Result<std::map<std::string, ComparedAnswer>> ComparedSet::Answers(const client::Context& context,
                                                                   std::int64_t now_millis) const {
  std::map<std::string, ComparedAnswer> answers;
  if (daemon_ != nullptr) {
    const auto entries = daemon_->Batch({}, context);
    if (!entries) return Fail(entries.error());
    for (const client::BatchEntry& entry : *entries) {
      answers[entry.key] = {entry.has_value ? entry.details.value.text : "", entry.details.variant,
                            ReasonOf(entry.details.reason, entry.details.error)};
    }
    return answers;
  }
  for (std::uint32_t i = 0; i < snapshot_->flag_count(); ++i) {
    const engine::FlagHandle flag = snapshot_->At(i);
    const auto answer = engine::Evaluate(*snapshot_, flag, context.view(), {now_millis, 0});
    answers[std::string(snapshot_->Key(flag))] = {
        std::string(answer.has_value ? answer.value_json : ""), std::string(answer.variant),
        ReasonOf(answer.reason, answer.error)};
  }
  return answers;
}

}  // namespace pennon::cli
