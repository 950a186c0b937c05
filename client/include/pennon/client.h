// libpennon for C++: what a flag is.
//
//   pennon::Client flags;
//   pennon::Context user("user-7");
//   if (flags.BoolValue("new-checkout", user, false)) …
//
// Every call returns by its deadline with a value: the flag's, or your own default. Nothing here
// throws on evaluation but for memory that a string of yours needs; nothing raises a signal or ends
// the process. All of it is inline over the C functions of pennon.h, so any compiler, standard
// library and option (-fno-exceptions, -fno-rtti) will do.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pennon/context.h"
#include "pennon/detail.h"
#include "pennon/pennon.h"

namespace pennon {

/// What is empty or 0 takes its default; see pennon_options.
struct Options {
  std::string socket_path;
  std::string environment;
  std::string name;
  std::string definitions;
  std::string definitions_file;
  pennon_mode mode = PENNON_AUTO;
  std::chrono::milliseconds timeout{0};
  std::chrono::milliseconds retry_max{0};
  std::chrono::milliseconds report_every{0};
  std::chrono::microseconds spin{0};
};

namespace internal {

/// Which C type a C++ type is asked as, and how its value is taken.
template <typename T>
struct Typed;
template <>
struct Typed<bool> {
  static constexpr pennon_type kType = PENNON_BOOLEAN;
  static bool Take(const pennon_detail* detail) { return pennon_detail_bool(detail); }
};
template <>
struct Typed<std::int64_t> {
  static constexpr pennon_type kType = PENNON_INTEGER;
  static std::int64_t Take(const pennon_detail* detail) { return pennon_detail_int(detail); }
};
template <>
struct Typed<double> {
  static constexpr pennon_type kType = PENNON_NUMBER;
  static double Take(const pennon_detail* detail) { return pennon_detail_double(detail); }
};
inline std::string TakeText(const pennon_detail* detail) {
  std::size_t size = 0;
  const char* const text = pennon_detail_text(detail, &size);
  return {text, size};
}
template <>
struct Typed<std::string> {
  static constexpr pennon_type kType = PENNON_STRING;
  static std::string Take(const pennon_detail* detail) { return TakeText(detail); }
};
template <>
struct Typed<Json> {
  static constexpr pennon_type kType = PENNON_OBJECT;
  static Json Take(const pennon_detail* detail) { return {TakeText(detail)}; }
};

struct FreeDetail {
  void operator()(pennon_detail* detail) const { pennon_detail_free(detail); }
};
using DetailPointer = std::unique_ptr<pennon_detail, FreeDetail>;

template <typename T>
Detail<T> MakeDetail(const pennon_detail* detail, bool has_value, T fallback) {
  Detail<T> made;
  made.value = has_value ? Typed<T>::Take(detail) : std::move(fallback);
  made.variant = pennon_detail_variant(detail);
  made.reason = static_cast<Reason>(pennon_detail_reason(detail));
  made.error = static_cast<ErrorCode>(pennon_detail_error(detail));
  made.message = pennon_detail_message(detail);
  made.metadata = pennon_detail_metadata(detail);
  made.source = static_cast<Source>(pennon_detail_source(detail));
  made.epoch = pennon_detail_epoch(detail);
  made.revision = pennon_detail_revision(detail);
  made.age_millis = pennon_detail_age_ms(detail);
  made.stale = pennon_detail_stale(detail);
  return made;
}

}  // namespace internal

/// A flag found once; for the client that gave it, as long as that lives. Copy it freely.
class Flag {
 public:
  Flag() = default;
  explicit Flag(pennon_flag* flag) : flag_(flag) {}

  bool BoolValue(const Context& context, bool fallback) const {
    return pennon_flag_bool(flag_, context.get(), fallback);
  }
  std::int64_t IntValue(const Context& context, std::int64_t fallback) const {
    return pennon_flag_int(flag_, context.get(), fallback);
  }
  double DoubleValue(const Context& context, double fallback) const {
    return pennon_flag_double(flag_, context.get(), fallback);
  }
  template <typename T>
  Detail<T> GetDetail(const Context& context, T fallback) const {
    const internal::DetailPointer detail(pennon_detail_new());
    const bool has =
        pennon_flag_evaluate(flag_, context.get(), internal::Typed<T>::kType, detail.get());
    return internal::MakeDetail(detail.get(), has, std::move(fallback));
  }
  std::string StringValue(const Context& context, std::string fallback) const {
    return GetDetail(context, std::move(fallback)).value;
  }

 private:
  pennon_flag* flag_ = nullptr;
};

/// Safe to use from any thread. Goes on after a fork.
class Client {
 public:
  explicit Client(const Options& options = {}) : Client(Open(options)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { pennon_close(client_); }

  /// True as soon as there are flags to answer from.
  bool WaitReady(std::chrono::milliseconds timeout) {
    return pennon_wait_ready(client_, static_cast<std::uint32_t>(timeout.count()));
  }
  /// "mapped", "frames" or "embedded".
  [[nodiscard]] std::string Way() const { return pennon_way(client_); }

  bool BoolValue(const std::string& key, const Context& context, bool fallback) {
    return pennon_bool(client_, key.c_str(), context.get(), fallback);
  }
  std::int64_t IntValue(const std::string& key, const Context& context, std::int64_t fallback) {
    return pennon_int(client_, key.c_str(), context.get(), fallback);
  }
  double DoubleValue(const std::string& key, const Context& context, double fallback) {
    return pennon_double(client_, key.c_str(), context.get(), fallback);
  }
  std::string StringValue(const std::string& key, const Context& context, std::string fallback) {
    return StringDetail(key, context, std::move(fallback)).value;
  }
  Json ObjectValue(const std::string& key, const Context& context, Json fallback) {
    return ObjectDetail(key, context, std::move(fallback)).value;
  }

  Detail<bool> BoolDetail(const std::string& key, const Context& context, bool fallback) {
    return GetDetail(key, context, fallback);
  }
  Detail<std::int64_t> IntDetail(const std::string& key, const Context& context,
                                 std::int64_t fallback) {
    return GetDetail(key, context, fallback);
  }
  Detail<double> DoubleDetail(const std::string& key, const Context& context, double fallback) {
    return GetDetail(key, context, fallback);
  }
  Detail<std::string> StringDetail(const std::string& key, const Context& context,
                                   std::string fallback) {
    return GetDetail(key, context, std::move(fallback));
  }
  Detail<Json> ObjectDetail(const std::string& key, const Context& context, Json fallback) {
    return GetDetail(key, context, std::move(fallback));
  }

  /// A flag found once, for evaluating it faster.
  Flag Resolve(const std::string& key) { return Flag(pennon_flag_get(client_, key.c_str())); }

  /// Several flags of one flag set; no keys: all of them. Empty when there is no answer.
  std::vector<BatchEntry> Batch(const std::vector<std::string>& keys, const Context& context) {
    std::vector<const char*> names;
    for (const std::string& key : keys) names.push_back(key.c_str());
    pennon_batch* const batch =
        pennon_batch_evaluate(client_, names.data(), names.size(), context.get());
    std::vector<BatchEntry> entries;
    for (std::size_t i = 0; i < pennon_batch_size(batch); ++i) {
      const pennon_detail* const detail = pennon_batch_at(batch, i);
      const bool has = pennon_detail_has_value(detail);
      entries.push_back({pennon_detail_key(detail), has, pennon_detail_type(detail),
                         internal::MakeDetail(detail, has, Json{"null"})});
    }
    pennon_batch_free(batch);
    return entries;
  }

  /// Readable when Dispatch has something to do.
  int AsFd() { return pennon_fd(client_); }
  /// Calls, in this thread, what is due. Never waits.
  std::size_t Dispatch() { return pennon_dispatch(client_); }

  /// Evaluates aside; `done(detail)` is called by Dispatch, once.
  template <typename T, typename Done>
  void GetDetailAsync(const std::string& key, const Context& context, T fallback, Done done) {
    struct Call {
      T fallback;
      Done done;
    };
    auto call = std::make_unique<Call>(Call{std::move(fallback), std::move(done)});
    const pennon_answered answered = [](void* user, const pennon_detail* detail) {
      const std::unique_ptr<Call> made(static_cast<Call*>(user));
      made->done(
          internal::MakeDetail(detail, pennon_detail_has_value(detail), std::move(made->fallback)));
    };
    if (pennon_evaluate_async(client_, key.c_str(), context.get(), internal::Typed<T>::kType,
                              answered, call.get())) {
      (void)call.release();  // `answered` has it
    }
  }

  /// `changed(epoch, revision)` is called by Dispatch when answers may have become others.
  void OnChange(std::function<void(std::uint64_t, std::uint64_t)> changed) {
    pennon_on_change(client_, nullptr, nullptr);
    changed_ = std::move(changed);
    if (!changed_) return;
    pennon_on_change(
        client_,
        [](void* user, std::uint64_t epoch, std::uint64_t revision) {
          static_cast<Client*>(user)->changed_(epoch, revision);
        },
        this);
  }

 protected:
  explicit Client(pennon_client* client) : client_(client) {}
  [[nodiscard]] pennon_client* get() const { return client_; }

 private:
  static pennon_client* Open(const Options& options) {
    const auto text = [](const std::string& given) {
      return given.empty() ? nullptr : given.c_str();
    };
    const auto millis = [](std::chrono::milliseconds given) {
      return static_cast<std::uint32_t>(given.count());
    };
    pennon_options plain{};
    plain.size = sizeof(plain);
    plain.socket_path = text(options.socket_path);
    plain.environment = text(options.environment);
    plain.name = text(options.name);
    plain.definitions = text(options.definitions);
    plain.definitions_file = text(options.definitions_file);
    plain.mode = options.mode;
    plain.timeout_ms = millis(options.timeout);
    plain.retry_max_ms = millis(options.retry_max);
    plain.report_ms = millis(options.report_every);
    plain.spin_us = static_cast<std::uint32_t>(options.spin.count());
    return pennon_open(&plain);
  }

  template <typename T>
  Detail<T> GetDetail(const std::string& key, const Context& context, T fallback) {
    const internal::DetailPointer detail(pennon_detail_new());
    const bool has = pennon_evaluate(client_, key.c_str(), context.get(), internal::Typed<T>::kType,
                                     detail.get());
    return internal::MakeDetail(detail.get(), has, std::move(fallback));
  }

  pennon_client* client_;
  std::function<void(std::uint64_t, std::uint64_t)> changed_;
};

}  // namespace pennon
