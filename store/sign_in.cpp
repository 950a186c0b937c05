#include "store/sign_in.h"

#include "base/json_text.h"
#include "store/access_change.h"
#include "store/api.h"
#include "store/origin.h"
#include "store/password.h"
#include "store/reply_json.h"
#include "store/timestamp.h"
#include "wire/json.h"
#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::string_view kSessionPath = "/api/v1/session";
constexpr std::string_view kPasswordPath = "/api/v1/session/password";
constexpr std::string_view kSetupPath = "/api/v1/setup";

std::string CookieOf(std::string_view secret, std::int64_t seconds) {
  return std::string(kSessionCookie) + '=' + std::string(secret) +
         "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(seconds);
}

net::HttpResponse Describe(const Grant& grant) {
  net::HttpResponse response;
  base::JsonObject object(response.body);
  if (!grant.user.empty()) object.String("user", grant.user);
  if (grant.user.empty()) object.Int("token", grant.id);
  AppendRoles(object, grant.roles);
  if (grant.expires_at) object.String("expiresAt", Timestamp(*grant.expires_at));
  object.Close();
  return response;
}

net::HttpResponse NoContent() {
  net::HttpResponse response;
  response.status = 204;
  response.content_type = {};
  return response;
}

// Both members of a document that has these two and no other.
Result<std::pair<std::string, std::string>> ReadTwo(const net::HttpRequest& request,
                                                    std::string_view first,
                                                    std::string_view second) {
  auto document = wire::ReadJson({request.body.data(), request.body.size()});
  if (!document) return Fail(document.error());
  if (document->AsObject() == nullptr) return Fail(Error::Invalid("body", "expected an object"));
  wire::ObjectReader reader(*document, "");
  std::pair<std::string, std::string> read;
  reader.RequiredString(first, read.first);
  reader.RequiredString(second, read.second);
  if (auto error = reader.Finish()) return Fail(*error);
  return read;
}

}  // namespace

bool SignIn::Owns(std::string_view path) {
  return path == kSessionPath || path == kPasswordPath || path == kSetupPath;
}

bool SignIn::Handle(const net::HttpRequest& request, const std::string& caller,
                    const std::shared_ptr<const Credentials>& credentials,
                    net::HttpResponse& response, const net::Later& late) {
  const bool is_session = request.path == kSessionPath;
  const bool is_password = request.path == kPasswordPath;
  const std::string_view allowed = is_session ? "GET, POST, DELETE" : is_password ? "PUT" : "POST";
  if (allowed.find(request.method) == std::string_view::npos) {
    response = Problem(405, Error::Invalid("method", "expected " + std::string(allowed)));
    response.headers.emplace_back("Allow", allowed);
    return true;
  }
  const bool changes = request.method != "GET";
  if (auto same = CheckSameSite(request); changes && !same) {
    response = Problem(403, same.error());
    return true;
  }
  if (!request.body.empty() && !request.MayBeJson()) {
    response = Problem(415, Error::Invalid("Content-Type", "expected application/json"));
    return true;
  }
  if (request.method == "POST") {
    return is_session ? Begin(request, caller, credentials, response, late)
                      : Accept(request, caller, response, late);
  }
  auto grant = credentials->Identify(request, ledger_.clock().Wall());
  if (!grant) {
    response = Problem(401, grant.error());
    return true;
  }
  if (!changes) {
    response = Describe(*grant);
    return true;
  }
  if (grant->user.empty()) {
    response = Problem(403, Error::Forbidden("Cookie", "this is for those who signed in"));
    return true;
  }
  return is_session ? End(*grant, late)
                    : ChangePassword(request, caller, *grant, credentials, response, late);
}

bool SignIn::TakePermit(const std::string& caller, const std::string& user,
                        net::HttpResponse& response) {
  const auto now = ledger_.clock().Steady();
  auto wait = attempts_.Take("network " + NetworkOf(caller), now);
  if (!wait && !user.empty()) wait = names_.Take(user, now);
  return !wait || Refuse(*wait, caller, response);
}

bool SignIn::Refuse(std::int64_t wait, const std::string& caller, net::HttpResponse& response) {
  log_.Warn("too many attempts to sign in", {{"address", caller}});
  response = TooOften("too many attempts; try again later", wait);
  return false;
}

bool SignIn::Begin(const net::HttpRequest& request, const std::string& caller,
                   const std::shared_ptr<const Credentials>& credentials,
                   net::HttpResponse& response, const net::Later& late) {
  auto read = ReadTwo(request, "user", "password");
  if (!read) {
    response = Problem(400, read.error());
    return true;
  }
  const auto& [user, password] = *read;
  // Attempts are remembered by the name, which must not be as long as a body may be.
  if (auto valid = CheckUserName("user", user); !valid) {
    response = Problem(422, valid.error());
    return true;
  }
  if (!TakePermit(caller, user, response)) return true;
  const net::LateResponse reply = late();
  Hash(reply, [this, reply, caller, known = credentials->PasswordOf(user), user = user,
               password = password] {
    if (MatchesPassword(known, password)) {
      return Enter(reply, "user:" + user, [this, user, known](Change&) {
        return CheckStill(user, known).map([&] { return user; });
      });
    }
    log_.Warn("sign-in refused", {{"address", caller}});
    reply(Problem(401, Error::Unauthenticated("password", "is wrong, or the user is not known")));
  });
  return false;
}

bool SignIn::Accept(const net::HttpRequest& request, const std::string& caller,
                    net::HttpResponse& response, const net::Later& late) {
  auto read = ReadTwo(request, "token", "password");
  if (!read) {
    response = Problem(400, read.error());
    return true;
  }
  if (!TakePermit(caller, "", response)) return true;
  const auto& [invitation, password] = *read;
  if (auto valid = CheckPassword("password", password); !valid) {
    response = Problem(422, valid.error());
    return true;
  }
  const net::LateResponse reply = late();
  Hash(reply, [this, reply, invitation = invitation, password = password] {
    auto hash = HashPassword(password);
    if (!hash) return reply(Problem(503, hash.error()));
    Enter(reply, "invitation", [invitation, hash = *hash](Change& change) {
      return AccessChange(change).Accept(invitation, hash);
    });
  });
  return false;
}

bool SignIn::ChangePassword(const net::HttpRequest& request, const std::string& caller,
                            const Grant& grant,
                            const std::shared_ptr<const Credentials>& credentials,
                            net::HttpResponse& response, const net::Later& late) {
  auto read = ReadTwo(request, "current", "next");
  if (!read) {
    response = Problem(400, read.error());
    return true;
  }
  const auto& [current, next] = *read;
  if (auto valid = CheckPassword("next", next); !valid) {
    response = Problem(422, valid.error());
    return true;
  }
  // Its own: nobody else can use up the attempts of who is signed in.
  const auto wait = attempts_.Take("user " + grant.user, ledger_.clock().Steady());
  if (wait && !Refuse(*wait, caller, response)) return true;
  const std::string known = credentials->PasswordOf(grant.user);
  const net::LateResponse reply = late();
  Hash(reply, [this, reply, known, grant, current = current, next = next] {
    if (!MatchesPassword(known, current)) {
      return reply(Problem(403, Error::Forbidden("current", "is not your password")));
    }
    auto hash = HashPassword(next);
    if (!hash) return reply(Problem(503, hash.error()));
    Enter(reply, grant.Actor(), [this, known, user = grant.user, hash = *hash](Change& change) {
      return CheckStill(user, known)
          .and_then([&] { return AccessChange(change).SetPassword(user, hash); })
          .map([&] { return user; });
    });
  });
  return false;
}

// It takes its time to compare one, and longer when others wait: meanwhile it may be another's.
Result<void> SignIn::CheckStill(const std::string& user, const std::string& password) {
  auto record = Users(ledger_.database()).Get(user);
  if (record && record->password == password) return {};
  if (!record && record.error().code() != base::ErrorCode::kNotFound) return Fail(record.error());
  return Fail(Error::Unauthenticated("password", "was changed just now; sign in with the new one"));
}

bool SignIn::End(const Grant& grant, const net::Later& late) {
  Run(late(), [this, grant] {
    auto done = ledger_.Commit({grant.Actor(), "", ""}, [&](Change& change) {
      return AccessChange(change).EndSession(grant.user, grant.id);
    });
    net::HttpResponse response = done ? NoContent() : Problem(503, done.error());
    if (done) response.headers.emplace_back("Set-Cookie", CookieOf("", 0));
    return response;
  });
  return false;
}

void SignIn::Hash(const net::LateResponse& reply, std::function<void()> task) {
  if (password_thread_.Post(std::move(task))) return;
  reply(TooBusy());
}

void SignIn::Run(const net::LateResponse& reply, std::function<net::HttpResponse()> task) {
  auto run = [reply, task = std::move(task)] { reply(task()); };
  if (database_thread_.Post(std::move(run))) return;
  reply(TooBusy());
}

void SignIn::Enter(const net::LateResponse& reply, std::string actor,
                   std::function<Result<std::string>(Change&)> change) {
  Run(reply, [this, actor = std::move(actor), change = std::move(change)] {
    Grant grant;
    AccessChange::NewSession session;
    auto done = ledger_.Commit({actor, "", ""}, [&](Change& step) -> Result<void> {
      auto user = change(step);
      if (!user) return Fail(user.error());
      auto begun = AccessChange(step).BeginSession(*user);
      if (!begun) return Fail(begun.error());
      auto record = Users(ledger_.database()).Get(*user);
      if (!record) return Fail(record.error());
      session = *begun;
      grant.user = *user;
      grant.roles = record->roles;
      grant.expires_at = session.expires_at;
      return {};
    });
    if (!done) return Problem(base::HttpStatus(done.error().code()), done.error());
    log_.Info("signed in", {{"user", grant.user}});
    net::HttpResponse response = Describe(grant);
    response.headers.emplace_back("Set-Cookie", CookieOf(session.secret, kSessionMillis / 1000));
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  });
}

}  // namespace pennon::store
