// Signing in and out: /api/v1/session, its password, and /api/v1/setup for those who were invited.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/task_thread.h"
#include "net/http_message.h"
#include "store/credentials.h"
#include "store/ledger.h"
#include "store/rate_limiter.h"

namespace pennon::store {

/// Attempts with a password: so many at once from each network, then one at a time; and as many by
/// somebody who is signed in and sets another one.
inline constexpr std::int64_t kSignInBurst = 10;
inline constexpr std::int64_t kSignInIntervalMillis = 6'000;
/// Attempts with one name from everywhere: wider, as anybody can use them up for the user.
inline constexpr std::int64_t kNameBurst = 100;
inline constexpr std::int64_t kNameIntervalMillis = 1'000;
/// Passwords that wait to be hashed, by all workers together.
inline constexpr std::size_t kMaxQueuedPasswords = 32;

/// Safe from any thread: hashes on a thread of its own, and changes on the database's. Borrows all.
class SignIn {
 public:
  SignIn(Ledger& ledger, base::TaskThread& database_thread, base::TaskThread& password_thread,
         base::Logger& log)
      : ledger_(ledger),
        database_thread_(database_thread),
        password_thread_(password_thread),
        log_(log) {}

  static bool Owns(std::string_view path);

  /// As HttpHandler::Handle. `caller` is the address that attempts are counted for.
  bool Handle(const net::HttpRequest& request, const std::string& caller,
              const std::shared_ptr<const Credentials>& credentials, net::HttpResponse& response,
              const net::Later& late);

 private:
  struct Passwords;
  bool Begin(const net::HttpRequest& request, const std::string& caller,
             const std::shared_ptr<const Credentials>& credentials, net::HttpResponse& response,
             const net::Later& late);
  bool Accept(const net::HttpRequest& request, const std::string& caller,
              net::HttpResponse& response, const net::Later& late);
  bool ChangePassword(const net::HttpRequest& request, const std::string& caller,
                      const Grant& grant, const std::shared_ptr<const Credentials>& credentials,
                      net::HttpResponse& response, const net::Later& late);
  bool End(const Grant& grant, const net::Later& late);
  /// kUnauthenticated unless the hash of the user's password is `password`. In a transaction.
  base::Result<void> CheckStill(const std::string& user, const std::string& password);

  /// False when it is too soon for another attempt from the caller's network, or with the name
  /// unless that is "". Answers 429 then.
  bool TakePermit(const std::string& caller, const std::string& user, net::HttpResponse& response);
  bool Refuse(std::int64_t wait, const std::string& caller, net::HttpResponse& response);
  /// Runs `task` on the thread that hashes; 503 when too many wait.
  void Hash(const net::LateResponse& reply, std::function<void()> task);
  /// Makes a change on the database's thread, then a session for whom it names, and answers.
  void Enter(const net::LateResponse& reply, std::string actor,
             std::function<base::Result<std::string>(Change&)> change);
  void Run(const net::LateResponse& reply, std::function<net::HttpResponse()> task);

  Ledger& ledger_;  // on the database's thread only, but for its clock
  base::TaskThread& database_thread_;
  base::TaskThread& password_thread_;
  base::Logger& log_;
  RateLimiter attempts_{kSignInBurst, kSignInIntervalMillis};
  RateLimiter names_{kNameBurst, kNameIntervalMillis};
};

}  // namespace pennon::store
