#include "cli/store_client.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/version.h"
#include "net/http_client.h"
#include "wire/json.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxLoginBytes = 64 * 1024;
constexpr const char* kUrlVariable = "PENNON_STORE_URL";
constexpr const char* kTokenVariable = "PENNON_STORE_TOKEN_FILE";
constexpr const char* kCaVariable = "PENNON_STORE_CA_FILE";
constexpr std::string_view kApi = "/api/v1";
constexpr int kNoContent = 204;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Never below the current folder, which may be anybody's: a login found there would name the store.
Result<std::filesystem::path> LoginFile() {
  std::filesystem::path base = Variable("XDG_CONFIG_HOME");
  if (!base.is_absolute()) base = std::filesystem::path(Variable("HOME")) / ".config";
  if (base.is_absolute()) return base / "pennon" / "login.json";
  return Fail(Error::NotFound("HOME", "names no folder to keep a login in"));
}

std::string Member(const model::Value& object, std::string_view name) {
  const model::Value* const found = object.Find(name);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "";
}

// Somebody in between answers for the store, or it has moved.
Error Redirect(const net::HttpFetched& answer, const StoreLogin& login, const std::string& path) {
  const auto location = answer.headers.find("location");
  if (location == answer.headers.end() || location->second.empty()) {
    return Error::Unavailable("store", "answers with status " + std::to_string(answer.status) +
                                           ", a redirect that leads nowhere");
  }
  std::string target = location->second;
  if (target.front() == '/' && !target.starts_with("//")) {
    const std::size_t host = login.url.find("://");
    const std::size_t end = login.url.find('/', host == std::string::npos ? 0 : host + 3);
    target = login.url.substr(0, end) + target;
  }
  const std::string call = std::string(kApi) + path;
  const bool is_store = target.ends_with(call);
  if (is_store) target.resize(target.size() - call.size());
  return Error::Unavailable("store", "redirects to " + target +
                                         ", and nothing was done; sign in with " +
                                         (is_store ? "that" : "the store's own") +
                                         " URL: pennon login " + (is_store ? target : "URL"));
}

Error Refusal(const net::HttpFetched& answer) {
  const auto problem = wire::ReadJson(answer.body);
  std::string why = problem ? Member(*problem, "detail") : "";
  if (why.empty()) why = "answers with status " + std::to_string(answer.status);
  if (answer.status == 401) {
    return Error::Unauthenticated("store", why + "; sign in with: pennon login URL");
  }
  if (answer.status == 403) return Error::Forbidden("store", why);
  if (answer.status == 404) return Error::NotFound("store", why);
  return Error::Invalid("store", why);
}

// Half of them must not mean the store of a kept login, which may be another.
Result<void> CheckVariables(const StoreLogin& login, const std::string& token_file) {
  const auto missing = [](const char* name) {
    return Fail(Error::Invalid(name,
                               "is missing beside the other PENNON_STORE_ variables; set it, or "
                               "unset them to use what pennon login has kept"));
  };
  if (login.url.empty()) return missing(kUrlVariable);
  if (token_file.empty()) return missing(kTokenVariable);
  return {};
}

}  // namespace

Result<StoreLogin> FindLogin() {
  StoreLogin login{Variable(kUrlVariable), "", Variable(kCaVariable)};
  const std::string token_file = Variable(kTokenVariable);
  if (!login.url.empty() || !token_file.empty() || !login.ca_file.empty()) {
    if (auto complete = CheckVariables(login, token_file); !complete) {
      return Fail(complete.error());
    }
    auto token = base::ReadSecret(token_file);
    if (!token) return Fail(token.error());
    login.token = std::move(*token);
    return login;
  }
  const auto kept = LoginFile().and_then(
      [](const auto& file) { return base::ReadFile(file.string(), kMaxLoginBytes); });
  const auto value = kept ? wire::ReadJson(*kept) : Result<model::Value>(Fail(kept.error()));
  if (!value) {
    return Fail(Error::Unauthenticated(
        "store",
        "which one? sign in with: pennon login URL (or set PENNON_STORE_URL and "
        "PENNON_STORE_TOKEN_FILE)"));
  }
  return StoreLogin{Member(*value, "url"), Member(*value, "token"), Member(*value, "caFile")};
}

Result<std::string> KeepLogin(const StoreLogin& login) {
  const auto place = LoginFile();
  if (!place) return Fail(place.error());
  const std::filesystem::path& file = *place;
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) return Fail(Error::Internal(file.string(), failed.message()));
  std::string text;
  base::JsonObject object(text);
  object.String("url", login.url).String("token", login.token);
  object.String("caFile", login.ca_file).Close();
  const std::string temporary = file.string() + ".new";
  ::unlink(temporary.c_str());
  const base::Descriptor out(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!out.IsOpen() ||
      ::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(temporary.c_str(), file.c_str()) != 0) {
    return Fail(Error::Internal(file.string(), std::strerror(errno)));
  }
  return file.string();
}

Result<std::string> CallStore(const StoreLogin& login, const StoreCall& call) {
  net::HttpClient http("pennon/" + std::string(base::Version()));
  net::HttpFetch fetch;
  fetch.method = call.method;
  fetch.url = login.url + std::string(kApi) + call.path;
  fetch.ca_file = login.ca_file;
  fetch.headers = {{"Authorization", "Bearer " + login.token}};
  fetch.body = call.body;
  if (!call.body.empty()) fetch.headers.emplace_back("Content-Type", "application/json");
  // A person at a terminal means what is there now; scripts that guard a change use the API.
  if (call.method != "GET" && call.method != "POST" && !call.is_new) {
    fetch.headers.emplace_back("If-Match", "*");
  }
  auto done = std::make_shared<std::promise<Result<net::HttpFetched>>>();
  auto result = done->get_future();
  http.Fetch(std::move(fetch),
             [done](Result<net::HttpFetched> answer) { done->set_value(std::move(answer)); });
  const Result<net::HttpFetched> answer = result.get();
  if (!answer) return Fail(answer.error());
  if (answer->status >= 300 && answer->status < 400) {
    return Fail(Redirect(*answer, login, call.path));
  }
  if (answer->status < 200 || answer->status >= 300) return Fail(Refusal(*answer));
  if (answer->status == kNoContent && call.method == "DELETE") return std::string();
  if (!wire::ReadJson(answer->body)) {
    return Fail(Error::Unavailable(
        "store", "answers with status " + std::to_string(answer->status) +
                     " and no JSON document; is " + login.url + " the URL of a pennon-store?"));
  }
  return answer->body;
}

std::string UrlEncoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

}  // namespace pennon::cli
