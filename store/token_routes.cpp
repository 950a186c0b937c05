// /api/v1/tokens, which are for the API, and /api/v1/environments/{environment}/keys, which are for
// daemons and services.
#include <charconv>

#include "base/json_text.h"
#include "store/access_change.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::uint64_t kMaxOverlapSeconds = 90 * 86'400;
constexpr std::uint64_t kUsualOverlapSeconds = 86'400;

void WriteToken(base::JsonObject& object, const TokenRecord& token) {
  object.Int("id", token.id).String("name", token.name).String("kind", Name(token.kind));
  if (token.environment) object.String("environment", *token.environment);
  object.String("last4", token.last4).String("createdAt", Timestamp(token.created_at));
  if (token.expires_at) object.String("expiresAt", Timestamp(*token.expires_at));
  if (token.last_used_at) object.String("lastUsedAt", Timestamp(*token.last_used_at));
}

void AppendToken(std::string& out, const TokenRecord& token) {
  base::JsonObject object(out);
  WriteToken(object, token);
  object.Close();
}

// The one answer that has the token itself.
Reply ShowOnce(const NewToken& made, const std::string& list) {
  Reply reply;
  reply.status = 201;
  reply.location = list + '/' + std::to_string(made.record.id);
  base::JsonObject object(reply.body);
  WriteToken(object, made.record);
  object.String("token", made.secret).Close();
  return reply;
}

// A path below an environment is about the tokens that are bound to it.
struct Place {
  explicit Place(const Call& call) {
    const bool is_bound = call.request.path.starts_with("/api/v1/environments/");
    if (is_bound) environment = call.names[0];
    list = is_bound ? "/api/v1/environments/" + call.names[0] + "/keys" : "/api/v1/tokens";
  }
  std::optional<std::string> environment;
  std::string list;
};

Result<std::int64_t> ReadId(const std::string& text) {
  std::int64_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec == std::errc() && end.ptr == text.data() + text.size()) return id;
  return Fail(Error::NotFound("tokens", "expected the number of a token in the path"));
}

Result<Reply> Create(const Call& call, const Place& place, TokenKind usual, bool for_api) {
  wire::ObjectReader reader(call.document, "");
  std::string name;
  std::string kind_name(Name(usual));
  std::string bound_to;
  std::int64_t expires_micros = 0;
  reader.RequiredString("name", name);
  reader.String("kind", kind_name);
  const bool expires = reader.Has("expiresAt");
  if (expires) reader.Instant("expiresAt", expires_micros);
  reader.Get("expiresAt");
  if (for_api) reader.String("environment", bound_to);
  const auto kind = ParseTokenKind(kind_name);
  if (!reader.failed() && (!kind || IsForApi(*kind) != for_api)) {
    reader.Invalid("kind", "is \"" + kind_name + "\", expected " +
                               (for_api ? "admin, editor or viewer" : "sync, read or client"));
  }
  if (auto error = reader.Finish()) return Fail(*error);
  auto environment = place.environment;
  if (!bound_to.empty()) environment = bound_to;
  NewToken made;
  return call.Commit(
      call.Scope(environment.value_or(""), ""),
      [&](Change& change) {
        return AccessChange(change)
            .CreateToken(*kind, environment, name,
                         expires ? std::optional(expires_micros / 1000) : std::nullopt)
            .map([&](NewToken token) { made = std::move(token); });
      },
      [&] { return ShowOnce(made, place.list); });
}

}  // namespace

Result<Reply> ListTokens(const Call& call) {
  auto tokens = Tokens(call.ledger.database()).ForApi();
  if (!tokens) return Fail(tokens.error());
  return Reply{200, JsonList("tokens", *tokens, AppendToken)};
}

Result<Reply> ListKeys(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto tokens = Tokens(call.ledger.database()).Of(call.names[0]);
  if (!tokens) return Fail(tokens.error());
  return Reply{200, JsonList("keys", *tokens, AppendToken)};
}

Result<Reply> CreateApiToken(const Call& call) {
  return Create(call, Place(call), TokenKind::kViewer, true);
}

Result<Reply> CreateKey(const Call& call) {
  return Create(call, Place(call), TokenKind::kSync, false);
}

Result<Reply> DeleteToken(const Call& call) {
  auto id = ReadId(call.names.back());
  if (!id) return Fail(id.error());
  const Place place(call);
  auto done = call.ledger.Commit(
      call.Scope(place.environment.value_or(""), "", true),
      [&](Change& change) { return AccessChange(change).DeleteToken(place.environment, *id); });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

Result<Reply> RotateToken(const Call& call) {
  auto id = ReadId(call.names.back());
  if (!id) return Fail(id.error());
  wire::ObjectReader reader(call.document, "");
  std::uint64_t overlap = kUsualOverlapSeconds;
  reader.Unsigned("overlapSeconds", kMaxOverlapSeconds, overlap);
  if (auto error = reader.Finish()) return Fail(*error);
  const Place place(call);
  NewToken made;
  return call.Commit(
      call.Scope(place.environment.value_or(""), ""),
      [&](Change& change) {
        return AccessChange(change)
            .RotateToken(place.environment, *id, static_cast<std::int64_t>(overlap) * 1000)
            .map([&](NewToken token) { made = std::move(token); });
      },
      [&] { return ShowOnce(made, place.list); });
}

}  // namespace pennon::store
