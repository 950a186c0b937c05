#include "engine/explain.h"

#include "engine/recorder.h"
#include "engine/walk.h"

namespace pennon::engine {

Explanation Explain(const Snapshot& snapshot, std::string_view key, const model::Context& context,
                    const Moment& moment) {
  Explanation explanation;
  const auto flag = snapshot.Find(key);
  if (!flag) {
    explanation.evaluation = Evaluate(snapshot, key, context, moment);
    return explanation;
  }
  const ImageView& view = snapshot.view();
  Recorder recorder(view);
  explanation.evaluation =
      EvaluateFlag(view, view.BlockAt<FlagRecord>(flag->offset), context, moment, recorder);
  explanation.is_cut = recorder.is_cut();
  explanation.steps = recorder.Take();
  return explanation;
}

}  // namespace pennon::engine
