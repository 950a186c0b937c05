#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/log_sink.h"
#include "base/visible_text.h"

namespace pennon::base {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames{"debug", "info", "warn", "error", "off"};

spdlog::level::level_enum SpdLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

bool IsPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
}

void AppendLogfmt(std::string& out, const LogField& field) {
  out += ' ';
  out += field.key;
  out += '=';
  if (IsPlain(field.value)) {
    out += field.value;
  } else {
    AppendJsonString(out, field.value);
  }
}

void AppendJsonField(std::string& out, const LogField& field) {
  out += ',';
  AppendJsonString(out, field.key);
  out += ':';
  AppendJsonString(out, field.value);
}

}  // namespace

struct Logger::Sink {
  // One of the events that are written; events are fixed texts, so there are not many.
  struct Repeated {
    SteadyMillis since = 0;
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
  };

  std::shared_ptr<LogSink> output = std::make_shared<LogSink>();
  spdlog::logger logger{"pennon", output};
  SystemClock clock;
  std::mutex mutex;
  std::map<std::string, Repeated, std::less<>> repeated;
};

Logger::Logger(LogLevel level, LogFormat format)
    : format_(format), sink_(std::make_unique<Sink>()) {
  sink_->logger.set_level(SpdLevel(level));
  sink_->logger.set_error_handler([](const std::string&) {});
  const std::string pattern = format == LogFormat::kJson
                                  ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                  : "time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v";
  sink_->logger.set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
}
Logger::~Logger() = default;

void Logger::SetLevel(LogLevel level) {
  sink_->logger.set_level(SpdLevel(level));
}

void Logger::Write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!sink_->logger.should_log(SpdLevel(level))) return;
  std::uint64_t left_out = 0;
  if (IsRepeated(event, left_out)) return;
  const LogField note("left_out", left_out);
  std::string line;
  const auto append = format_ == LogFormat::kJson ? AppendJsonField : AppendLogfmt;
  append(line, LogField("event", event));
  line.erase(0, 1);
  for (const LogField& field : fields) append(line, field);
  if (left_out > 0) append(line, note);
  if (const std::uint64_t lost = sink_->output->lost()) append(line, LogField("lost", lost));
  line = VisibleText(line);  // what is not ASCII is in quotes, in either format
  sink_->logger.log(SpdLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

bool Logger::IsRepeated(std::string_view event, std::uint64_t& left_out) {
  const std::lock_guard lock(sink_->mutex);
  auto found = sink_->repeated.find(event);
  if (found == sink_->repeated.end()) found = sink_->repeated.try_emplace(std::string(event)).first;
  Sink::Repeated& one = found->second;
  const SteadyMillis now = sink_->clock.Steady();
  if (one.written == 0 || now - one.since >= kRepeatMillis) {
    one.since = now;
    one.written = 0;
    left_out = std::exchange(one.left_out, 0);
  }
  if (one.written >= kMaxRepeated) {
    ++one.left_out;
    return true;
  }
  ++one.written;
  return false;
}

void Logger::Debug(std::string_view event, std::initializer_list<LogField> fields) {
  Write(LogLevel::kDebug, event, fields);
}
void Logger::Info(std::string_view event, std::initializer_list<LogField> fields) {
  Write(LogLevel::kInfo, event, fields);
}
void Logger::Warn(std::string_view event, std::initializer_list<LogField> fields) {
  Write(LogLevel::kWarn, event, fields);
}
void Logger::Error(std::string_view event, std::initializer_list<LogField> fields) {
  Write(LogLevel::kError, event, fields);
}

Result<LogLevel> ParseLogLevel(std::string_view text) {
  const auto* found = std::find(kLevelNames.begin(), kLevelNames.end(), text);
  if (found == kLevelNames.end()) {
    return Fail(Error::Invalid("", "expected debug, info, warn, error or off"));
  }
  return static_cast<LogLevel>(found - kLevelNames.begin());
}

Result<LogFormat> ParseLogFormat(std::string_view text) {
  if (text == "logfmt") return LogFormat::kLogfmt;
  if (text == "json") return LogFormat::kJson;
  return Fail(Error::Invalid("", "expected logfmt or json"));
}

}  // namespace pennon::base
