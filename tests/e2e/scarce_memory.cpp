// Uses everything of pennon.h while each allocation fails in turn, first alone and then with all
// after it: every call gives the flag's value or the caller's default, and with memory all is well.
// scarce_memory SOCKET: of a daemon whose flag kFlag is 1. Prints how many allocations were failed.
#include <poll.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "pennon/pennon.h"

namespace {

std::atomic<long> left{-1};  // allocations until one fails; negative: none does
std::atomic<bool> lasts{false};
std::atomic<long> failed{0};

bool Fails() {
  if (left.load(std::memory_order_relaxed) < 0) return false;
  const long before = left.fetch_sub(1);
  if (before > 0) return false;
  if (lasts) left.store(0);
  if (before < 0) return false;  // another thread's was the one
  ++failed;
  return true;
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = Fails() ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return Fails() ? nullptr : std::malloc(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  void* const memory =
      Fails() ? nullptr : std::aligned_alloc(step, (size + step - 1) / step * step);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

namespace {

constexpr std::int64_t kFallback = 5;
constexpr std::int64_t kValue = 1;
constexpr std::uint32_t kPatienceMillis = 50;
constexpr std::uint32_t kLongMillis = 60'000;
constexpr char kFlag[] = "a-flag-with-a-name-too-long-for-small-strings";
constexpr char kDefinitions[] =
    R"({"environment":"e","flags":{"a-flag-with-a-name-too-long-for-small-strings":{"type":"integer","variants":[{"key":"one","value":1}],)"
    R"("default":{"variant":"one"},"offVariant":"one","enabled":true,)"
    R"("rules":[{"when":{"attr":"mail","op":"regex","values":["^u.*@example"]},)"
    R"("serve":{"variant":"one"}}]}}})";

[[noreturn]] void Wrong(const char* what) {
  std::printf("wrong: %s\n", what);
  std::fflush(stdout);
  std::abort();
}

void Expect(std::int64_t value, const char* what) {
  if (value != kFallback && value != kValue) Wrong(what);
}

void OnAnswer(void* user, const pennon_detail* detail) {
  ++*static_cast<int*>(user);
  if (pennon_detail_has_value(detail)) Expect(pennon_detail_int(detail), "an asynchronous answer");
}

void UseAll(const pennon_options& options, pennon_client* old) {
  Expect(pennon_int(old, kFlag, nullptr, kFallback), "a value of an old client");
  pennon_client* const client = pennon_open(&options);
  pennon_wait_ready(client, kPatienceMillis);
  int changes = 0;
  pennon_on_change(
      client, [](void* user, std::uint64_t, std::uint64_t) { ++*static_cast<int*>(user); },
      &changes);
  pennon_context* const user = pennon_context_new("user-7");
  pennon_context_set_string(user, "mail",
                            "user-7@example.org, which is a text without room for it");
  pennon_context_set_json(user, "plan", R"({"name":"team","seats":[1,2,3]})");
  Expect(pennon_int(client, kFlag, user, kFallback), "a value");
  pennon_flag* const flag = pennon_flag_get(client, kFlag);
  Expect(pennon_flag_int(flag, user, kFallback), "a value by handle");
  pennon_detail* const detail = pennon_detail_new();
  if (pennon_evaluate(client, kFlag, user, PENNON_INTEGER, detail)) {
    Expect(pennon_detail_int(detail), "a detail");
  } else if (pennon_detail_reason(detail) != PENNON_REASON_ERROR) {
    Wrong("a detail without a value has no error");
  }
  const char* const keys[] = {kFlag, "none"};
  pennon_batch* const batch = pennon_batch_evaluate(client, keys, 2, user);
  if (pennon_batch_size(batch) == 2 && pennon_detail_has_value(pennon_batch_at(batch, 0))) {
    Expect(pennon_detail_int(pennon_batch_at(batch, 0)), "an answer of a batch");
  }
  int answers = 0;
  const bool asked = pennon_evaluate_async(client, kFlag, user, PENNON_INTEGER, OnAnswer, &answers);
  pollfd waiting{pennon_fd(client), POLLIN, 0};
  for (int i = 0; asked && answers == 0 && i < 100; ++i) {
    if (::poll(&waiting, 1, static_cast<int>(kPatienceMillis)) >= 0) pennon_dispatch(client);
  }
  if (asked && answers == 0) Wrong("an asynchronous call was never answered");
  pennon_batch_free(batch);
  pennon_detail_free(detail);
  pennon_context_free(user);
  pennon_close(client);
}

pennon_client* OpenReady(const pennon_options& options) {
  pennon_client* const client = pennon_open(&options);
  if (!pennon_wait_ready(client, kLongMillis)) Wrong("a client with memory is never ready");
  return client;
}

// Every allocation of one use in turn; how many those were. A client that goes through all of it
// has to be well whenever there is memory.
long Sweep(const pennon_options& options, bool lasting) {
  pennon_options patient = options;
  patient.timeout_ms = kLongMillis;
  pennon_client* const old = OpenReady(patient);
  UseAll(options, old);  // what is made once
  long i = 0;
  for (failed = 1; failed > 0; ++i) {
    lasts = lasting;
    failed = 0;
    left = i;
    UseAll(options, old);
    left = -1;
    if (pennon_int(old, kFlag, nullptr, kFallback) != kValue) Wrong("an old client is not well");
  }
  pennon_close(old);
  pennon_close(OpenReady(options));
  return i - 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  pennon_options embedded{};
  embedded.size = sizeof(embedded);
  embedded.definitions = kDefinitions;
  pennon_options mapped{};
  mapped.size = sizeof(mapped);
  mapped.socket_path = argv[1];
  mapped.retry_max_ms = 20;
  pennon_options frames = mapped;
  frames.mode = PENNON_FRAMES;
  const struct {
    const char* name;
    const pennon_options& options;
  } ways[] = {{"embedded", embedded}, {"mapped", mapped}, {"frames", frames}};
  for (const auto& [name, options] : ways) {
    const long alone = Sweep(options, false);
    const long lasting = Sweep(options, true);
    std::printf("%s %ld %ld\n", name, alone, lasting);
    std::fflush(stdout);
  }
}
