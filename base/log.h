// Structured log lines: one event, lower case, values as fields. Writes logfmt to standard error.
// Secrets and attributes of evaluation contexts are never passed to it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace pennon::base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat : std::uint8_t { kLogfmt, kJson };

Result<LogLevel> ParseLogLevel(std::string_view text);
Result<LogFormat> ParseLogFormat(std::string_view text);

/// One `key=value` of a log line.
struct LogField {
  std::string_view key;
  std::string value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
};

/// Safe to use from any thread. Logging never waits: a line that standard error does not take at
/// once is lost, and the next one says how many were. Of one event at most kMaxRepeated lines are
/// written in kRepeatMillis; the next one after that says how many were left out.
class Logger {
 public:
  static constexpr std::uint32_t kMaxRepeated = 50;
  static constexpr std::int64_t kRepeatMillis = 10'000;

  Logger(LogLevel level, LogFormat format);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void SetLevel(LogLevel level);

  void Debug(std::string_view event, std::initializer_list<LogField> fields = {});
  void Info(std::string_view event, std::initializer_list<LogField> fields = {});
  void Warn(std::string_view event, std::initializer_list<LogField> fields = {});
  void Error(std::string_view event, std::initializer_list<LogField> fields = {});

 private:
  struct Sink;
  void Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);
  bool IsRepeated(std::string_view event, std::uint64_t& left_out);

  LogFormat format_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace pennon::base
