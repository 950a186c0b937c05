// /api/v1/environments/{environment}/keys: the tokens bound to one environment.
#include <charconv>

#include "base/json_text.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

void WriteKey(base::JsonObject& object, const TokenRecord& token) {
  object.Int("id", token.id).String("name", token.name).String("kind", Name(token.kind));
  object.String("environment", token.environment.value_or(""));
  object.String("last4", token.last4).String("createdAt", Timestamp(token.created_at));
}

}  // namespace

Result<Reply> ListKeys(const Call& call) {
  const std::string& environment = call.names[0];
  if (auto known = Environments(call.ledger.database()).Get(environment); !known) {
    return Fail(known.error());
  }
  auto tokens = Tokens(call.ledger.database()).Of(environment);
  if (!tokens) return Fail(tokens.error());
  const auto append = [](std::string& out, const TokenRecord& token) {
    base::JsonObject object(out);
    WriteKey(object, token);
    object.Close();
  };
  return Reply{200, JsonList("keys", *tokens, append)};
}

Result<Reply> CreateKey(const Call& call) {
  wire::ObjectReader reader(call.document, "");
  std::string name;
  std::string kind_name(Name(TokenKind::kSync));
  reader.RequiredString("name", name);
  reader.String("kind", kind_name);
  const auto kind = ParseTokenKind(kind_name);
  if (!reader.failed() && (!kind || *kind == TokenKind::kAdmin)) {
    reader.Invalid("kind", "is \"" + kind_name + "\", expected sync or read");
  }
  if (auto error = reader.Finish()) return Fail(*error);

  NewToken made;
  auto done = call.ledger.Commit(call.Scope(call.names[0], ""), [&](Change& change) {
    return change.CreateToken(*kind, call.names[0], name).map([&](NewToken token) {
      made = std::move(token);
    });
  });
  if (!done) return Fail(done.error());
  Reply reply;
  reply.status = 201;
  reply.location =
      "/api/v1/environments/" + call.names[0] + "/keys/" + std::to_string(made.record.id);
  base::JsonObject object(reply.body);
  WriteKey(object, made.record);
  object.String("token", made.secret).Close();
  return reply;
}

Result<Reply> DeleteKey(const Call& call) {
  const std::string& text = call.names[1];
  std::int64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    return Fail(Error::NotFound("keys", "expected the number of a key in the path"));
  }
  auto done = call.ledger.Commit(call.Scope(call.names[0], "", true), [&](Change& change) {
    return change.DeleteToken(call.names[0], id);
  });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

}  // namespace pennon::store
