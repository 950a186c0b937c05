#include "wire/explanation_json.h"

#include "base/json_text.h"
#include "wire/evaluation_json.h"

namespace pennon::wire {
namespace {

using base::JsonObject;

void AppendStep(std::string& out, const model::ExplanationStep& step) {
  JsonObject object(out);
  object.String("kind", Name(step.kind)).Uint("depth", step.depth).Bool("held", step.held);
  const auto text = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) object.String(key, value);
  };
  text("name", step.name);
  if (step.index >= 0) object.Int("index", step.index);
  text("test", step.test);
  text("found", step.found);
  text("variant", step.variant);
  if (step.place) {
    JsonObject(object.Key("place"))
        .Uint("position", step.place->position)
        .Uint("total", step.place->total)
        .Uint("from", step.place->from)
        .Uint("to", step.place->to)
        .Close();
  }
  object.Close();
}

}  // namespace

void AppendExplanation(std::string& out, std::string_view key, const model::Evaluation& evaluation,
                       const std::vector<model::ExplanationStep>& steps, bool is_cut) {
  JsonObject object(out);
  AppendOfrepEvaluation(object.Key("evaluation"), key, evaluation);
  std::string& list = object.Key("steps");
  list += '[';
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i != 0) list += ',';
    AppendStep(list, steps[i]);
  }
  list += ']';
  object.Bool("cut", is_cut).Close();
}

}  // namespace pennon::wire
