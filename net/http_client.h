// Outbound HTTP(S): libcurl on a thread of its own. Only http and https; of redirects only those of
// a GET to the same scheme, host and port are followed, or the credentials would go elsewhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pennon::net {

struct HttpFetched {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last one of a name wins
  std::string body;                            // complete: a body that was cut off is an error
  std::int64_t retry_after_millis = 0;         // of Retry-After, seconds or date; 0: none
};

/// Takes a piece of the body of an answer with status 200, on the client's thread; `head` has no
/// body. False ends the fetch with an error.
using HttpOnBody = std::function<bool(const HttpFetched& head, std::string_view piece)>;

struct HttpFetch {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string ca_file;                                  // "": the system's certificates
  std::string client_cert_file;                         // PEM; "": none is shown
  std::string client_key_file;                          // "": the key is in client_cert_file
  std::size_t max_body_bytes = std::size_t{64} << 20U;  // after decompression
  std::int64_t connect_deadline_millis = 5'000;
  std::int64_t total_deadline_millis = 30'000;  // 0: none
  std::int64_t min_bytes_per_second = 1024;     // over 10 s; 0: any
  HttpOnBody on_body;                           // null: the body is collected
};

/// Called on the client's thread; hand over to where the result belongs with a Post.
using HttpFetchDone = std::function<void(base::Result<HttpFetched>)>;

/// Runs any number of fetches side by side. Safe from any thread.
class HttpClient {
 public:
  /// `user_agent` is sent with every request.
  explicit HttpClient(std::string user_agent);
  /// Cancels what is running; a cancelled fetch's `done` is not called.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Every status is a result; an error is a connection, TLS, deadline or size failure, named with
  /// the URL's scheme, host and port only (a query may hold secrets).
  /// Returns what Cancel takes.
  std::uint64_t Fetch(HttpFetch fetch, HttpFetchDone done);
  /// Ends a fetch soon. Its `done` may still be called when it was ending anyway.
  void Cancel(std::uint64_t id);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace pennon::net
