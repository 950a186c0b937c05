// The store's REST API, as the command line asks it.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace pennon::cli {

/// Where the store is and who asks. The token is a secret: it is in no argument and in no message.
struct StoreLogin {
  std::string url;  // "http://127.0.0.1:8017"
  std::string token;
  std::string ca_file;
};

/// From the environment ($PENNON_STORE_URL with $PENNON_STORE_TOKEN_FILE; one without the other is
/// an error), else what `pennon login` has kept.
base::Result<StoreLogin> FindLogin();
/// Keeps it in $XDG_CONFIG_HOME/pennon/login.json (or ~/.config), for this user's eyes only.
/// Returns the file's name.
base::Result<std::string> KeepLogin(const StoreLogin& login);

struct StoreCall {
  std::string method = "GET";
  std::string path;  // below /api/v1, with its query
  std::string body;
  bool is_new = false;  // a PUT of something that is not there yet
};
/// The answer's body, a JSON document; "" after a DELETE that answers with none. What the store
/// refuses is an error with its own words; so is a redirect, and what no store answers.
base::Result<std::string> CallStore(const StoreLogin& login, const StoreCall& call);

/// For a path or a query.
std::string UrlEncoded(std::string_view text);

}  // namespace pennon::cli
