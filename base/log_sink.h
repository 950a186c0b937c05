// Where log lines go: standard error, unless nobody reads it.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace pennon::base {

/// Writes to standard error without waiting for its reader: what a full pipe, terminal or journal
/// would not take at once is left out and counted. Where that is systemd's journal
/// (JOURNAL_STREAM), each line begins with its priority, `<4>`, so that `journalctl -p warning`
/// finds it. Safe from any thread.
class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LogSink();
  /// Lines that were left out, in whole or from some byte on, since the last that was written.
  [[nodiscard]] std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  bool Write(std::string_view text);

  const bool is_journal_;
  std::atomic<std::uint64_t> lost_ = 0;
  bool is_cut_ = false;  // the last line was not ended
};

}  // namespace pennon::base
