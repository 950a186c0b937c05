#include "net/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/out_of_memory.h"

namespace pennon::net {
namespace {

using base::Error;
using base::Fail;

constexpr long kSlowSeconds = 10;
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
constexpr int kPollMillis = 1000;
constexpr long kConnectionAgeSeconds = 300;  // then names are looked up anew
constexpr int kMaxRedirects = 3;

std::string PartOf(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

// Scheme, host and port: what may be told of a URL, whose other parts may hold secrets. Taken apart
// as curl does it, or a password with a slash in it would pass for a host here.
std::string Origin(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), &curl_url_cleanup);
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return "url";
  }
  const std::string port = PartOf(parts.get(), CURLUPART_PORT);
  return PartOf(parts.get(), CURLUPART_SCHEME) + "://" + PartOf(parts.get(), CURLUPART_HOST) +
         (port.empty() ? "" : ':' + port);
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// One fetch while it runs.
class Transfer {
 public:
  Transfer(std::uint64_t id, HttpFetch fetch, HttpFetchDone done, const std::string& user_agent)
      : id_(id),
        fetch_(std::move(fetch)),
        done_(std::move(done)),
        easy_(base::NotNull(curl_easy_init())) {
    SetTarget(user_agent);
    SetLimits();
    Set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
    Set(CURLOPT_HEADERDATA, this);
    Set(CURLOPT_PRIVATE, this);
    Set(CURLOPT_ERRORBUFFER, error_text_);
  }
  ~Transfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(header_list_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const { return easy_; }
  [[nodiscard]] std::uint64_t id() const { return id_; }

  /// A fetch that must not be tried: finishes it, and returns true.
  bool Refuse() {
    if (is_invalid_) {
      done_(Fail(Error::Invalid(Origin(fetch_.url), "a header to be sent holds a line end")));
    }
    return is_invalid_;
  }

  /// True when the answer sends the fetch elsewhere on the same origin: it is to be run again.
  bool Redirect(CURLcode code) {
    if (code != CURLE_OK || fetch_.method != "GET" || redirects_ == kMaxRedirects) return false;
    const char* to = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &to);
    if (to == nullptr) return false;
    const std::string url = to;
    if (Origin(url) != Origin(fetch_.url)) return false;
    ++redirects_;
    result_ = {};
    header_bytes_ = 0;
    is_header_done_ = false;
    Set(CURLOPT_URL, url.c_str());
    return true;
  }

  void Finish(CURLcode code) {
    if (!breach_.empty()) {
      return done_(Fail(Error::Limit(Origin(fetch_.url), "answers with more than " + breach_)));
    }
    if (is_unwanted_) {
      return done_(Fail(Error::Invalid(Origin(fetch_.url), "answers with what was not asked for")));
    }
    if (code != CURLE_OK) {
      const std::string what = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
      return done_(Fail(Error::Unavailable(Origin(fetch_.url), what)));
    }
    // For curl an answer whose header breaks off is a whole one without a body.
    if (!is_header_done_) {
      return done_(Fail(Error::Unavailable(Origin(fetch_.url), "the answer's header is cut off")));
    }
    TakeStatus();
    TakeRetryAfter();
    done_(std::move(result_));
  }

 private:
  void TakeStatus() {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    result_.status = static_cast<int>(status);
  }
  void TakeRetryAfter() {
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    result_.retry_after_millis = std::clamp<std::int64_t>(seconds, 0, INT32_MAX) * 1000;
  }
  template <typename T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(easy_, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  }

  void SetTarget(const std::string& user_agent) {
    Set(CURLOPT_URL, fetch_.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));  // or newer
    // Of HTTP/2 curl would keep a connection that has died, and give it the next fetch as well.
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    if (fetch_.method == "HEAD") Set(CURLOPT_NOBODY, 1L);  // or it would wait for the body
    Set(CURLOPT_CUSTOMREQUEST, fetch_.method.c_str());
    Set(CURLOPT_USERAGENT, user_agent.c_str());
    Set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    if (!fetch_.ca_file.empty()) Set(CURLOPT_CAINFO, fetch_.ca_file.c_str());
    if (!fetch_.client_cert_file.empty()) {
      const bool has_key = !fetch_.client_key_file.empty();
      Set(CURLOPT_SSLCERT, fetch_.client_cert_file.c_str());
      Set(CURLOPT_SSLKEY, (has_key ? fetch_.client_key_file : fetch_.client_cert_file).c_str());
    }
    if (!fetch_.body.empty() || fetch_.method == "POST" || fetch_.method == "PUT") {
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(fetch_.body.size()));
      Set(CURLOPT_POSTFIELDS, fetch_.body.data());
    }
    // What curl would add by itself: a wait before larger bodies, a type they do not have, and that
    // any type will do, as it does unless something is said.
    for (const char* unwanted : {"Expect:", "Content-Type:", "Accept:"}) {
      header_list_ = base::NotNull(curl_slist_append(header_list_, unwanted));
    }
    for (const auto& [name, value] : fetch_.headers) AddHeader(name, value);
    Set(CURLOPT_HTTPHEADER, header_list_);
  }
  void AddHeader(const std::string& name, const std::string& value) {
    // What ends a line would begin a header of its own. The value may be a secret: it is not told.
    constexpr std::string_view kLineEnds("\r\n\0", 3);
    if (name.find_first_of(kLineEnds) != std::string::npos ||
        value.find_first_of(kLineEnds) != std::string::npos) {
      is_invalid_ = true;
      return;
    }
    // With a colon curl would leave an empty header out.
    const std::string line = value.empty() ? name + ';' : name + ": " + value;
    header_list_ = base::NotNull(curl_slist_append(header_list_, line.c_str()));
  }

  void SetLimits() {
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled fetch does not wait for the name server
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(fetch_.connect_deadline_millis));
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(fetch_.total_deadline_millis));
    Set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(fetch_.min_bytes_per_second));
    Set(CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
    Set(CURLOPT_MAXLIFETIME_CONN, kConnectionAgeSeconds);
  }

  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.TakeStatus();
    if (transfer.fetch_.on_body && transfer.result_.status == 200) {
      transfer.is_unwanted_ = !transfer.fetch_.on_body(transfer.result_, {data, size});
      return transfer.is_unwanted_ ? 0 : size;
    }
    if (transfer.result_.body.size() + size > transfer.fetch_.max_body_bytes) {
      transfer.breach_ = std::to_string(transfer.fetch_.max_body_bytes) + " bytes";
      return 0;  // ends the transfer
    }
    try {
      transfer.result_.body.append(data, size);
    } catch (const std::bad_alloc&) {
      transfer.breach_ = "memory allows";
      return 0;
    }
    return size;
  }
  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
      transfer.result_.headers.clear();  // after an interim answer
      transfer.is_header_done_ = false;
    }
    if (line == "\r\n" || line == "\n") transfer.is_header_done_ = true;
    transfer.header_bytes_ += size;
    if (transfer.header_bytes_ > kMaxHeaderBytes) {
      transfer.breach_ = std::to_string(kMaxHeaderBytes) + " bytes of headers";
      return 0;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string name(Trim(line.substr(0, colon)));
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    transfer.result_.headers[name] = Trim(line.substr(colon + 1));
    return size;
  }

  const std::uint64_t id_;
  HttpFetch fetch_;
  HttpFetchDone done_;
  CURL* easy_;
  curl_slist* header_list_ = nullptr;
  HttpFetched result_;
  std::size_t header_bytes_ = 0;
  int redirects_ = 0;
  bool is_header_done_ = false;
  bool is_invalid_ = false;
  bool is_unwanted_ = false;
  std::string breach_;  // of which limit; "": none
  char error_text_[CURL_ERROR_SIZE] = {};
};

void InitialiseCurlOnce() {
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)kInitialised;
}

}  // namespace

class HttpClient::Worker {
 public:
  explicit Worker(std::string user_agent) : user_agent_(std::move(user_agent)) {
    InitialiseCurlOnce();
    multi_ = base::NotNull(curl_multi_init());
    thread_ = std::thread([this] { Run(); });
  }
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    thread_.join();
    for (const auto& transfer : running_) curl_multi_remove_handle(multi_, transfer->easy());
    running_.clear();
    curl_multi_cleanup(multi_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  std::uint64_t Add(HttpFetch fetch, HttpFetchDone done) {
    const std::uint64_t id = ++last_id_;
    auto transfer = std::make_unique<Transfer>(id, std::move(fetch), std::move(done), user_agent_);
    {
      const std::lock_guard lock(mutex_);
      added_.push_back(std::move(transfer));
    }
    curl_multi_wakeup(multi_);
    return id;
  }
  void Cancel(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    curl_multi_wakeup(multi_);
  }

 private:
  void Run() {
    while (TakeAdded()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      curl_multi_poll(multi_, nullptr, 0, kPollMillis, nullptr);
    }
  }

  bool TakeAdded() {
    std::vector<std::unique_ptr<Transfer>> added;
    std::vector<std::uint64_t> cancelled;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      added.swap(added_);
      cancelled.swap(cancelled_);
    }
    for (auto& transfer : added) {
      if (transfer->Refuse()) continue;
      AddHandle(*transfer);
      running_.push_back(std::move(transfer));
    }
    std::erase_if(running_, [&](const auto& transfer) {
      const bool is_cancelled =
          std::find(cancelled.begin(), cancelled.end(), transfer->id()) != cancelled.end();
      if (is_cancelled) curl_multi_remove_handle(multi_, transfer->easy());
      return is_cancelled;
    });
    return true;
  }

  // One that is not added would never be done.
  void AddHandle(const Transfer& transfer) {
    if (curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) throw std::bad_alloc();
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      Transfer* done = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
      curl_multi_remove_handle(multi_, done->easy());
      if (done->Redirect(code)) {
        AddHandle(*done);
        continue;
      }
      done->Finish(code);
      std::erase_if(running_, [&](const auto& transfer) { return transfer.get() == done; });
    }
  }

  const std::string user_agent_;
  CURLM* multi_;
  std::atomic<std::uint64_t> last_id_{0};
  std::mutex mutex_;  // guards the three members that follow
  std::vector<std::unique_ptr<Transfer>> added_;
  std::vector<std::uint64_t> cancelled_;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Transfer>> running_;  // of the thread
  std::thread thread_;
};

HttpClient::HttpClient(std::string user_agent)
    : worker_(std::make_unique<Worker>(std::move(user_agent))) {}
HttpClient::~HttpClient() = default;

std::uint64_t HttpClient::Fetch(HttpFetch fetch, HttpFetchDone done) {
  return worker_->Add(std::move(fetch), std::move(done));
}
void HttpClient::Cancel(std::uint64_t id) {
  worker_->Cancel(id);
}

}  // namespace pennon::net
