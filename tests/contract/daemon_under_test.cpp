#include "tests/contract/daemon_under_test.h"

#include <future>
#include <stdexcept>

#include "wire/json.h"

namespace pennon::test {
namespace {

using model::Value;

std::string TextOf(const Value* value) {
  return value != nullptr && value->AsString() != nullptr ? *value->AsString() : "";
}

std::string KindOf(const Value* metadata) {
  return metadata == nullptr ? "" : TextOf(metadata->Find("pennon.kind"));
}

// OFREP says "errorCode" instead of "reason": an error's reason is ERROR by definition.
Expected FromJson(const Value& answer) {
  Expected got;
  if (const Value* value = answer.Find("value")) {
    got.has_value = true;
    AppendJson(got.value_json, *value);
  }
  got.variant = TextOf(answer.Find("variant"));
  got.error_code = TextOf(answer.Find("errorCode"));
  got.reason = got.error_code.empty() ? TextOf(answer.Find("reason")) : "ERROR";
  got.kind = KindOf(answer.Find("metadata"));
  return got;
}

Expected FromBatch(const client::BatchEntry& entry) {
  Expected got;
  got.has_value = entry.has_value;
  if (entry.has_value) got.value_json = entry.details.value.text;
  got.variant = entry.details.variant;
  got.reason = Name(entry.details.reason);
  got.error_code = Name(entry.details.error);
  const auto metadata = wire::ReadJson(entry.details.metadata);
  if (metadata) got.kind = KindOf(&*metadata);
  return got;
}

client::Context ContextOf(const Row& row) {
  client::Context context;
  for (const auto& [name, value] : *row.context.AsObject()) context.SetJson(name, value);
  return context;
}

std::string ContextBody(const Row& row, model::Object more = {}) {
  more.emplace(more.begin(), "context", row.context);
  std::string body;
  AppendJson(body, Value(more));
  return body;
}

std::string PercentEncoded(const std::string& text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  return encoded;
}

client::ClientOptions Options(const TempDir& dir) {
  client::ClientOptions options;
  options.socket_path = dir.File("pennon.sock");
  options.environment = "contract";
  options.timeout_millis = 10'000;
  options.retry_max_millis = 1;
  return options;
}

}  // namespace

DaemonUnderTest::DaemonUnderTest(const std::string& document)
    : process_(
          {std::string(PENNON_BINARY_DIR) + "/bin/pennond", "--environment", "contract",
           "--bootstrap-file", dir_.Write("flags.json", document), "--cache-path",
           dir_.File("cache.db"), "--socket-path", dir_.File("pennon.sock"), "--http-port", "0"},
          dir_.File("log")),
      client_(Options(dir_)) {
  if (!Eventually([&] { return client_.Ping().has_value(); })) {
    throw std::runtime_error("pennond does not answer");
  }
  const auto status = wire::ReadJson(*client_.Status());
  for (const Value& listener : *status->Find("listeners")->AsArray()) {
    if (TextOf(listener.Find("name")) == "http") http_address_ = TextOf(listener.Find("address"));
  }
}

Expected DaemonUnderTest::AskFrames(const Row& row) {
  const client::Json fallback{"\"fallback\""};
  // Asked as an object flag; a flag of another type says so, and its own type is asked in the
  // batch.
  const auto details = client_.GetDetails(row.flag, ContextOf(row), fallback);
  Expected got;
  got.has_value = details.value != fallback;
  if (got.has_value) got.value_json = details.value.text;
  got.variant = details.variant;
  got.reason = Name(details.reason);
  got.error_code = Name(details.error);
  const auto metadata = wire::ReadJson(details.metadata);
  if (metadata) got.kind = KindOf(&*metadata);
  return got;
}

Expected DaemonUnderTest::AskFramesBatch(const Row& row) {
  const auto entries = client_.Batch({row.flag}, ContextOf(row));
  if (!entries || entries->size() != 1) throw std::runtime_error("no answer to a batch");
  return FromBatch(entries->front());
}

model::Value DaemonUnderTest::Post(const std::string& path, const std::string& body) {
  net::HttpFetch fetch;
  fetch.method = "POST";
  fetch.url = "http://" + http_address_ + path;
  fetch.headers = {{"Content-Type", "application/json"}};
  fetch.body = body;
  std::promise<base::Result<net::HttpFetched>> promise;
  http_.Fetch(fetch,
              [&](base::Result<net::HttpFetched> result) { promise.set_value(std::move(result)); });
  auto fetched = promise.get_future().get();
  if (!fetched) throw std::runtime_error(fetched.error().Message());
  auto value = wire::ReadJson(fetched->body);
  if (!value) throw std::runtime_error(path + ": " + value.error().Message());
  return std::move(*value);
}

Expected DaemonUnderTest::AskOfrep(const Row& row) {
  return FromJson(Post("/ofrep/v1/evaluate/flags/" + PercentEncoded(row.flag), ContextBody(row)));
}

Expected DaemonUnderTest::AskOfrepBulk(const Row& row) {
  const Value answer = Post("/ofrep/v1/evaluate/flags", ContextBody(row));
  for (const Value& flag : *answer.Find("flags")->AsArray()) {
    if (TextOf(flag.Find("key")) == row.flag) return FromJson(flag);
  }
  Expected missing;
  missing.reason = "ERROR";
  missing.error_code = "FLAG_NOT_FOUND";
  return missing;
}

Expected DaemonUnderTest::AskEvaluate(const Row& row) {
  const Value answer = Post("/evaluate", ContextBody(row, {{"flag", Value(row.flag)}}));
  return FromJson(*answer.Find("evaluations")->Find(row.flag));
}

}  // namespace pennon::test
