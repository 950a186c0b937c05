// What benchmarks ask: random flags for 1,024 subjects in turn, with five attributes each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/context.h"
#include "wire/frame.h"

namespace pennon::bench {

inline constexpr std::size_t kSubjects = 1024;
inline constexpr std::size_t kRequestBytes = 128;  // of one question as a frame
/// Of its answer: header, state of the set, reason, error, source, kind and a variant's name of two
/// bytes.
inline constexpr std::size_t kAnswerBytes = wire::kFrameHeaderBytes + 30 + 4 + 2 + 2;

/// Immutable once made; the same arguments give the same questions.
class Questions {
 public:
  struct Question {
    std::string_view key;
    const model::Context* context = nullptr;
  };

  /// `count` questions about the first `flags` flags of MakeFlagSet.
  Questions(std::size_t count, std::size_t flags);
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  [[nodiscard]] const std::vector<Question>& all() const { return questions_; }
  /// Each question as an evaluate frame of kRequestBytes.
  [[nodiscard]] std::vector<std::string> Frames() const;
  /// Batches of `size` of their keys, each with the context of its first.
  [[nodiscard]] std::vector<std::string> Batches(std::size_t size) const;

 private:
  struct Subject {
    std::string key;
    std::string country;
    std::string plan;
    std::string role;
    model::Context context;  // borrows the texts
  };

  std::vector<Subject> subjects_;
  // One after another in the order of asking, as the contexts are: what has just been received is
  // in the processor's cache.
  std::string keys_;
  std::vector<Question> questions_;
};

}  // namespace pennon::bench
