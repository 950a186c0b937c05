#include "base/log_sink.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

namespace pennon::base {
namespace {

// A pipe that can be written to takes this many bytes without waiting (pipe(7)).
constexpr std::size_t kAtOnce = PIPE_BUF;

bool TakesMore() {
  pollfd waited{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&waited, 1, 0) == 1 && (waited.revents & POLLOUT) != 0;
}

// The journal names the socket that it has given, because standard error may be another file since.
bool IsJournal() {
  const char* const given = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return given != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
         std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == given;
}

// Of syslog, as sd-daemon(3) has it.
std::string_view PriorityOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "<7>";
    case spdlog::level::info:
      return "<6>";
    case spdlog::level::warn:
      return "<4>";
    default:
      return "<3>";
  }
}

}  // namespace

LogSink::LogSink() : is_journal_(IsJournal()) {}

void LogSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  if (is_cut_) line.push_back('\n');
  if (is_journal_) {
    const std::string_view priority = PriorityOf(message.level);
    line.append(priority.data(), priority.data() + priority.size());
  }
  formatter_->format(message, line);
  const bool is_written = Write({line.data(), line.size()});
  lost_.store(is_written ? 0 : lost() + 1, std::memory_order_relaxed);
}

bool LogSink::Write(std::string_view text) {
  while (!text.empty()) {
    if (!TakesMore()) return false;
    const ssize_t written = ::write(STDERR_FILENO, text.data(), std::min(text.size(), kAtOnce));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    is_cut_ = text[static_cast<std::size_t>(written) - 1] != '\n';
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace pennon::base
