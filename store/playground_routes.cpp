// /api/v1/environments/{environment}/playground: what a subject would get, and why; as it is in
// force, as it was, or as somebody thinks of changing it.
#include "engine/explain.h"
#include "store/definition.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "wire/evaluation_json.h"
#include "wire/evaluation_request.h"
#include "wire/explanation_json.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

struct Question {
  std::string flag;  // "": all of them, without explanations
  std::int64_t now_micros = 0;
  std::uint64_t version = 0;  // of the configuration; 0: the one in force
  const model::Value* draft = nullptr;
  const model::Value* context = nullptr;
};

Result<Question> ReadQuestion(const Call& call) {
  Question question;
  wire::ObjectReader reader(call.document, "");
  question.now_micros = call.ledger.clock().Wall() * 1000;
  reader.String("flag", question.flag);
  reader.Unsigned("version", INT64_MAX, question.version);
  if (reader.Has("now")) reader.Instant("now", question.now_micros);
  reader.Get("now");
  question.draft = reader.Get("draft");
  question.context = reader.Get("context");
  if (question.draft != nullptr && question.draft->AsObject() == nullptr) {
    reader.Invalid("draft",
                   "is " + std::string(TypeName(*question.draft)) + ", expected an object");
  }
  if (question.flag.empty() && (question.draft != nullptr || question.version != 0)) {
    reader.Invalid("flag", "is missing: a draft or a version is that of one flag");
  }
  if (question.draft != nullptr && question.version != 0) {
    reader.Invalid("version", "does not go with draft");
  }
  if (auto error = reader.Finish()) return Fail(*error);
  return question;
}

// Borrows `text`, which it rewrites.
Result<void> ReadContext(std::string& text, model::Context& context) {
  text += '\0';  // the reader may write behind the body
  wire::EvaluationRequest ignored;
  return wire::ReadEvaluationRequest({text.data(), text.size() - 1}, wire::RequestKind::kOfrep,
                                     context, ignored);
}

Result<std::string> Answer(const EnvironmentSet& set, const Question& question) {
  std::string text;
  base::JsonObject asked(text);
  if (question.context != nullptr) AppendJson(asked.Key("context"), *question.context);
  asked.Close();
  model::Context context;
  if (auto read = ReadContext(text, context); !read) return Fail(read.error());
  const engine::Snapshot& snapshot = set.image->snapshot();
  const engine::Moment moment{question.now_micros / 1000};
  std::string body;
  base::JsonObject object(body);
  object.String("environment", set.environment).Uint("revision", set.revision);
  if (!question.flag.empty()) {
    const auto explanation = engine::Explain(snapshot, question.flag, context, moment);
    wire::AppendExplanation(object.Key("explanation"), question.flag, explanation.evaluation,
                            explanation.steps, explanation.is_cut);
  } else {
    std::vector<std::uint32_t> indices(snapshot.flag_count());
    for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) indices[i] = i;
    AppendList(object.Key("evaluations"), indices, [&](std::string& out, std::uint32_t i) {
      const std::string_view key = snapshot.Key(snapshot.At(i));
      wire::AppendOfrepEvaluation(out, key, engine::Evaluate(snapshot, key, context, moment));
    });
  }
  object.Close();
  return body;
}

Result<model::Object> ReadDraft(const Call& call, const Question& question) {
  if (question.draft != nullptr) {
    auto draft = ReadConfig(*question.draft->AsObject());
    if (!draft) return Fail(draft.error().Within("draft"));
    return draft;
  }
  auto entry = Audit(call.ledger.database())
                   .Version({call.names[0], "config", question.flag},
                            static_cast<std::int64_t>(question.version));
  if (!entry) return Fail(entry.error());
  return ReadStored("audit", entry->after.value_or(""));
}

// The change is made, asked, and undone: so the compiler says what it would say.
Result<std::string> AnswerDraft(const Call& call, const Question& question) {
  Result<std::string> answer;
  auto done = call.ledger.Rehearse([&] {
    auto draft = ReadDraft(call, question);
    if (!draft) {
      answer = Fail(draft.error());
      return;
    }
    ChangeScope scope = call.Scope(call.names[0], "flags." + question.flag);
    scope.comment = "a question";  // nothing is changed, so nobody has to say why
    auto put = call.ledger.Commit(scope, [&](Change& change) {
      return change.PutConfig(call.names[0], question.flag, *draft).map([](Outcome) {});
    });
    answer = put ? Answer(*call.ledger.sets().at(call.names[0]), question)
                 : Result<std::string>(Fail(put.error()));
  });
  if (!done) return Fail(done.error());
  return answer;
}

}  // namespace

Result<Reply> AskPlayground(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto question = ReadQuestion(call);
  if (!question) return Fail(question.error());
  const bool is_other = question->draft != nullptr || question->version != 0;
  auto body = is_other ? AnswerDraft(call, *question) : Answer(**set, *question);
  if (!body) return Fail(body.error());
  return Reply{200, *std::move(body)};
}

}  // namespace pennon::store
