// What a log line shows of texts that somebody else chose.
#include "base/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace pennon::base {
namespace {

// What `write` writes to the standard error stream.
template <typename Write>
std::string Logged(LogFormat format, const Write& write) {
  std::FILE* file = std::tmpfile();
  const int saved = ::dup(STDERR_FILENO);
  std::fflush(stderr);
  ::dup2(::fileno(file), STDERR_FILENO);
  write(Logger(LogLevel::kInfo, format));
  std::fflush(stderr);
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  std::rewind(file);
  std::array<char, 65536> bytes{};
  const std::size_t size = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  return {bytes.data(), size};
}

std::string LoggedFlag(LogFormat format, std::string_view key) {
  return Logged(format, [&](Logger logger) { logger.Info("quarantined", {{"flag", key}}); });
}

}  // namespace

TEST_CASE("a flag's key cannot begin a line of the log of its own") {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kLogfmt}) {
    const std::string line = LoggedFlag(format, "a\nlevel=error event=\"forged\"\r\x1b[31m");
    CHECK(line.find('\n') == line.size() - 1);
    CHECK(line.find('\r') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("for the journal each line begins with its priority, for another file it does not") {
  const auto logged = [](const std::string& more) {
    return Logged(LogFormat::kLogfmt, [&](const Logger&) {
      struct stat status {};
      REQUIRE(::fstat(STDERR_FILENO, &status) == 0);
      const std::string stream =
          std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) + more;
      ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
      Logger logger(LogLevel::kDebug, LogFormat::kLogfmt);
      logger.Debug("a", {});
      logger.Info("b", {});
      logger.Warn("c", {});
      logger.Error("d", {});
      ::unsetenv("JOURNAL_STREAM");
    });
  };
  const std::string text = logged("");
  CHECK(text.starts_with("<7>time="));
  for (const char* line : {"\n<6>time=", "\n<4>time=", "\n<3>time="}) {
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(logged("1").find('<') == std::string::npos);
}

TEST_CASE("characters that turn a line around or end it unseen are shown by their numbers") {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kLogfmt}) {
    CHECK(LoggedFlag(format, "a\u202eb").find("\"a\\u202eb\"") != std::string::npos);
    CHECK(LoggedFlag(format, "\u2066x").find("\"\\u2066x\"") != std::string::npos);
    CHECK(LoggedFlag(format, "\u2028").find("\"\\u2028\"") != std::string::npos);
    CHECK(LoggedFlag(format, "\u0085").find("\"\\u0085\"") != std::string::npos);
    CHECK(LoggedFlag(format, "é😀").find("\"é😀\"") != std::string::npos);
  }
}

TEST_CASE("an event that repeats itself is written so often and no more, and others still are") {
  const std::string text = Logged(LogFormat::kLogfmt, [](Logger logger) {
    for (std::uint32_t i = 0; i < Logger::kMaxRepeated + 10; ++i) logger.Warn("again");
    logger.Warn("other");
  });
  std::size_t again = 0;
  for (std::size_t at = text.find("again"); at != std::string::npos;
       at = text.find("again", at + 1)) {
    ++again;
  }
  CHECK(again == Logger::kMaxRepeated);
  CHECK(text.find("event=other") != std::string::npos);
}

TEST_CASE("a log that nobody reads holds nobody up, and says later what was lost") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
  const std::string page(4096, 'x');
  while (::write(ends[1], page.data(), page.size()) > 0) {
  }
  REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  Logger logger(LogLevel::kInfo, LogFormat::kLogfmt);
  logger.Info("first");
  logger.Info("second");
  std::string read(std::size_t{1} << 20U, ' ');
  CHECK(::read(ends[0], read.data(), read.size()) > 0);
  logger.Info("third");
  ::dup2(saved, STDERR_FILENO);
  const ssize_t size = ::read(ends[0], read.data(), read.size());
  for (const int fd : {saved, ends[0], ends[1]}) ::close(fd);
  REQUIRE(size > 0);
  read.resize(static_cast<std::size_t>(size));
  CHECK(read.find("first") == std::string::npos);
  CHECK(read.find("event=third lost=2\n") != std::string::npos);
}

TEST_CASE("the level of a log can be changed") {
  const std::string text = Logged(LogFormat::kJson, [](Logger logger) {
    logger.Debug("hidden");
    logger.SetLevel(LogLevel::kDebug);
    logger.Debug("shown", {{"key", "value"}});
  });
  CHECK(text.find("hidden") == std::string::npos);
  CHECK(text.find(R"("event":"shown","key":"value"})") != std::string::npos);
}

}  // namespace pennon::base
