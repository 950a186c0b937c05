#include "bench/questions.h"

#include <array>
#include <random>

#include "bench/figure.h"
#include "bench/flag_set.h"
#include "wire/frame_request.h"

namespace pennon::bench {
namespace {

constexpr std::uint64_t kSeed = 42;
constexpr std::array<const char*, 4> kPlans{"free", "team", "corp", "edge"};
constexpr std::string_view kRole = "administrator";  // fills a request up to kRequestBytes

}  // namespace

Questions::Questions(std::size_t count, std::size_t flags) : subjects_(kSubjects) {
  for (std::size_t i = 0; i < kSubjects; ++i) {
    Subject& subject = subjects_[i];
    subject.key = "user-" + std::to_string(1000 + i);
    subject.country = Country(i);
    subject.plan = kPlans[(i / kCountries) % kPlans.size()];
    subject.role = kRole;
    model::Context& context = subject.context;
    context.AddString(model::kTargetingKey, subject.key);
    context.AddString("country", subject.country);
    context.AddString("plan", subject.plan);
    context.AddInt("score", static_cast<std::int64_t>(i));
    context.AddString("role", subject.role);
  }
  std::mt19937_64 random(kSeed);
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < count; ++i) {
    keys_ += FlagKey(random() % flags);
    ends.push_back(keys_.size());
  }
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const std::string_view key = std::string_view(keys_).substr(begin, end - begin);
    questions_.push_back({key, &subjects_[questions_.size() % kSubjects].context});
    begin = end;
  }
}

std::vector<std::string> Questions::Frames() const {
  std::vector<std::string> frames;
  for (const Question& question : questions_) {
    wire::AppendEvaluate(frames.emplace_back(), 0, 0, question.key, *question.context);
    if (frames.back().size() != kRequestBytes) {
      Abort("a request is not of the size that was agreed on");
    }
  }
  return frames;
}

std::vector<std::string> Questions::Batches(std::size_t size) const {
  std::vector<std::string> frames;
  for (std::size_t first = 0; first + size <= questions_.size(); first += size) {
    std::vector<std::string_view> keys;
    for (std::size_t i = 0; i < size; ++i) keys.push_back(questions_[first + i].key);
    wire::AppendBatch(frames.emplace_back(), 0, 0, keys, *questions_[first].context);
  }
  return frames;
}

}  // namespace pennon::bench
