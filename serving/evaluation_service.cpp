#include "serving/evaluation_service.h"

#include <algorithm>
#include <random>

namespace pennon::serving {

using base::Error;
using base::Fail;
using model::EvaluationError;

namespace {

constexpr std::string_view kNoFlagSet = "there is no flag set yet";

// Plain load and store: the worker is the only writer, readers only want a recent value.
void Count(std::atomic<std::uint64_t>& counter, std::uint64_t more = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}

std::optional<engine::FlagHandle> FindIn(const std::shared_ptr<const AttachedImage>& image,
                                         std::string_view key) {
  if (image == nullptr) return std::nullopt;
  return image->snapshot().Find(key);
}

void AppendKeys(const std::shared_ptr<const AttachedImage>& image,
                std::vector<std::string_view>& keys) {
  if (image == nullptr) return;
  const engine::Snapshot& snapshot = image->snapshot();
  for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
    keys.push_back(snapshot.Key(snapshot.At(i)));
  }
}

[[gnu::noinline]] bool IsAmong(const std::vector<std::string>& keys, std::string_view key) {
  return std::binary_search(keys.begin(), keys.end(), key);
}
bool IsHidden(const Published& published, std::string_view key) {
  return published.only != nullptr && !IsAmong(*published.only, key);
}

// Of a flag that the flag set does not have: by the configuration's defaults, or an error.
[[gnu::noinline]] Answer Missing(const Published& published, std::string_view key,
                                 const model::Context& context, const engine::Moment& moment) {
  Answer answer;
  if (const auto preset = FindIn(published.defaults, key)) {
    answer.evaluation = engine::Evaluate(published.defaults->snapshot(), *preset, context, moment);
    // A client may keep a STATIC answer until the flag changes; this one ends with the outage.
    answer.evaluation.reason = model::Reason::kDefault;
    return answer;
  }
  const bool is_empty = published.image == nullptr;
  answer.evaluation.error =
      is_empty ? EvaluationError::kProviderNotReady : EvaluationError::kFlagNotFound;
  answer.evaluation.detail = is_empty ? kNoFlagSet : "there is no flag of this key";
  return answer;
}

// A Weyl sequence: no value comes twice, and the engine hashes it. For places by chance, not for
// secrets.
std::uint64_t Draw(std::uint64_t& state) {
  return state += 0x9e3779b97f4a7c15;
}

std::uint64_t Seed() {
  std::random_device entropy;
  return std::uint64_t{entropy()} << 32U | entropy();
}

}  // namespace

EvaluationService::EvaluationService(const base::Clock& clock) : clock_(clock), random_(Seed()) {}

std::uint64_t Reading::epoch() const {
  return published->image == nullptr ? 0 : published->image->snapshot().epoch();
}
std::uint64_t Reading::revision() const {
  return published->image == nullptr ? 0 : published->image->snapshot().revision();
}

void EvaluationService::Publish(std::shared_ptr<const Published> published) {
  const auto same = std::find_if(environments_.begin(), environments_.end(), [&](const auto& one) {
    return one->environment == published->environment;
  });
  if (same == environments_.end()) {
    environments_.push_back(published);
  } else {
    *same = published;
  }
  if (on_published_) on_published_(published);
}

void EvaluationService::Remove(std::string_view environment) {
  std::erase_if(environments_, [&](const auto& one) { return one->environment == environment; });
}

bool EvaluationService::IsReady() const {
  return !environments_.empty() &&
         std::all_of(environments_.begin(), environments_.end(),
                     [](const auto& published) { return published->image != nullptr; });
}

base::Result<Reading> EvaluationService::Read(std::string_view environment) const {
  if (environments_.empty()) {
    return Fail(Error::Unavailable("environment", "no environment is served here yet"));
  }
  if (environment.empty() && environments_.size() > 1) {
    return Fail(Error::Invalid("environment", "several are served here; name the one you mean"));
  }
  for (const auto& published : environments_) {
    if (!environment.empty() && published->environment != environment) continue;
    Reading reading;
    reading.published = published;
    reading.moment.now_millis = clock_.Wall();
    if (published->image != nullptr) {
      reading.age_millis = std::max<std::int64_t>(0, clock_.Steady() - published->confirmed_at);
      reading.stale =
          !published->is_confirmed || reading.age_millis > published->stale_after_millis;
    }
    return reading;
  }
  return Fail(Error::NotFound("environment",
                              "there is no environment \"" + std::string(environment) + "\" here"));
}

base::Result<Reading> EvaluationService::ReadFor(std::string_view environment,
                                                 const Grant& grant) const {
  const Published* only = nullptr;  // that the caller may use, of several
  if (environment.empty() && environments_.size() > 1) {
    std::size_t usable = 0;
    for (const auto& published : environments_) {
      if (!grant.MayUse(published->environment)) continue;
      only = published.get();
      ++usable;
    }
    if (usable != 1) only = nullptr;
  }
  auto reading = Read(only == nullptr ? environment : std::string_view(only->environment));
  if (!reading || grant.MayUse(reading->published->environment)) return reading;
  return Fail(Error::Forbidden("environment", "\"" + reading->published->environment +
                                                  "\" is not for this user; see "
                                                  "peers.environments"));
}

Answer EvaluationService::Evaluate(const Reading& reading, const engine::HashedKey& key,
                                   const model::Context& context) {
  const Published& published = *reading.published;
  const engine::Moment moment{reading.moment.now_millis, Draw(random_)};
  const auto flag =
      published.image == nullptr ? std::nullopt : published.image->snapshot().Find(key);
  const bool is_own = flag && !IsHidden(published, key.text);
  // Made where it is returned: it is too large to be copied for each flag.
  Answer answer =
      is_own ? Answer{engine::Evaluate(published.image->snapshot(), *flag, context, moment),
                      published.source}
             : Missing(published, key.text, context, moment);
  if (usage_ != nullptr && is_own) {
    usage_->Count(published, *flag, answer.evaluation.variant, answer.evaluation.reason, 1);
  }
  Count(counts_.by_reason[static_cast<std::size_t>(answer.evaluation.reason)]);
  return answer;
}

// No honest client counts as far as the limit; a hostile one must not make a counter go backwards.
void EvaluationService::AddReported(const Reading& reading, const Reported& reported) {
  const std::uint64_t times = std::min(reported.times, Reported::kMaxTimes);
  Count(counts_.reported[static_cast<std::size_t>(reported.reason)], times);
  const Published& published = *reading.published;
  if (usage_ == nullptr || IsHidden(published, reported.flag)) return;
  const auto flag = FindIn(published.image, reported.flag);
  if (!flag) return;
  const auto variant = published.image->snapshot().FindVariant(*flag, reported.variant);
  if (variant) usage_->Count(published, *flag, *variant, reported.reason, times);
}

engine::Explanation EvaluationService::Explain(const Reading& reading, std::string_view key,
                                               const model::Context& context) {
  const Published& published = *reading.published;
  const bool is_preset = !FindIn(published.image, key) && FindIn(published.defaults, key);
  const auto& image = is_preset ? published.defaults : published.image;
  engine::Explanation explanation;
  if (image != nullptr) {
    explanation = engine::Explain(image->snapshot(), key, context, reading.moment);
    if (is_preset) explanation.evaluation.reason = model::Reason::kDefault;  // as Evaluate says
    return explanation;
  }
  explanation.evaluation.error = EvaluationError::kProviderNotReady;
  explanation.evaluation.detail = kNoFlagSet;
  return explanation;
}

std::vector<std::string_view> EvaluationService::Keys(const Reading& reading) const {
  std::vector<std::string_view> keys;
  AppendKeys(reading.published->image, keys);
  const std::size_t own = keys.size();
  AppendKeys(reading.published->defaults, keys);
  std::inplace_merge(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(own), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  if (reading.published->only == nullptr) return keys;
  std::erase_if(keys, [&](std::string_view key) { return IsHidden(*reading.published, key); });
  return keys;
}

}  // namespace pennon::serving
