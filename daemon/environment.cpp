#include "daemon/environment.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "daemon/default_flags.h"
#include "engine/compile.h"
#include "wire/document.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;
using serving::AttachedImage;
using serving::Source;

namespace {

constexpr std::size_t kMaxBootstrapBytes = std::size_t{64} << 20U;
constexpr std::int64_t kConfirmEveryMillis = 60'000;
constexpr std::size_t kLoggedDiagnostics = 10;

// The set with each kept definition taken from the set before it.
template <typename T>
void TakeKept(std::vector<std::shared_ptr<const T>>& definitions,
              const std::vector<std::shared_ptr<const T>>& before,
              const std::vector<std::string>& kept) {
  for (const std::string& key : kept) {
    const auto same_key = [&](const auto& one) { return one->key == key; };
    const auto old = std::find_if(before.begin(), before.end(), same_key);
    if (old == before.end()) continue;
    const auto now = std::find_if(definitions.begin(), definitions.end(), same_key);
    if (now == definitions.end()) {
      definitions.push_back(*old);
    } else {
      *now = *old;
    }
  }
}

}  // namespace

struct Environment::Compiled {
  std::shared_ptr<const AttachedImage> image;
  std::vector<model::Diagnostic> diagnostics;
  std::vector<std::string> kept_flags;
  std::vector<std::string> kept_segments;
};

Environment::Environment(const DaemonConfig& config, const base::Clock& clock, base::Logger& log,
                         Publisher& publisher)
    : config_(config), clock_(clock), log_(log), publisher_(publisher), mapped_(clock, log) {
  published_.environment = config.environment;
  published_.stale_after_millis = config.stale_after.millis;
}

Result<void> Environment::Start() {
  if (auto defaults = CompileDefaults(); !defaults) return defaults;
  if (auto opened = OpenCache(); !opened) return opened;
  if (!LoadCache() && !config_.bootstrap_file.empty()) {
    if (auto loaded = LoadBootstrap(); !loaded) return loaded;
  }
  Publish();
  return {};
}

Result<void> Environment::CompileDefaults() {
  if (config_.defaults.empty()) return {};
  auto image = CompileDefaultFlags(config_.environment, config_.defaults);
  if (!image) return Fail(image.error());
  published_.defaults = std::move(*image);
  return {};
}

Result<void> Environment::OpenCache() {
  if (config_.cache_path.empty()) return {};
  auto cache = Cache::Open(
      {config_.cache_path, config_.environment, config_.upstream_url, config_.cache_generations},
      log_);
  if (!cache && cache.error().code() == base::ErrorCode::kConflict) return Fail(cache.error());
  if (cache) {
    cache_.emplace(std::move(*cache));
  } else {
    // Any other trouble with the disk costs persistence and nothing else.
    NoteCache(Fail(cache.error()));
  }
  return {};
}

bool Environment::LoadCache() {
  if (!cache_) return false;
  auto generation = cache_->Load();
  if (!generation) return false;
  model::FlagSet set = ReadDefinitions(generation->head, generation->lines);
  const model::FlagSet kept = ReadDefinitions(generation->head, generation->kept);
  auto compiled = Compile(set, &kept);
  if (!compiled) {
    log_.Error("cached flag set refused", {{"reason", compiled.error().Message()}});
    return false;
  }
  const std::int64_t age = std::max<std::int64_t>(0, clock_.Wall() - generation->confirmed_at);
  in_force_ = kept;
  set_digest_ = generation->head.set_digest;
  validator_ = generation->validator;
  PutInForce(std::move(*compiled), std::move(set), Source::kCache, clock_.Steady() - age);
  return true;
}

Result<void> Environment::LoadBootstrap() {
  auto text = base::ReadFile(config_.bootstrap_file, kMaxBootstrapBytes);
  if (!text) return Fail(text.error());
  const auto format = wire::ParseDocumentFormat(config_.bootstrap_format);
  auto document = wire::ReadDocument(
      *text, {format.value_or(wire::DocumentFormat::kNative), config_.environment});
  if (!document) return Fail(document.error().Within(config_.bootstrap_file));
  for (const auto& diagnostic : document->diagnostics) {
    log_.Warn("bootstrap file", {{"key", diagnostic.flag}, {"reason", diagnostic.error.Message()}});
  }
  model::FlagSet* const set = &document->set;
  if (set->environment != config_.environment) {
    return Fail(Error::Invalid(config_.bootstrap_file,
                               "holds the flags of environment \"" + set->environment +
                                   "\", this daemon serves \"" + config_.environment + '"'));
  }
  auto compiled = Compile(*set, nullptr);
  if (!compiled) return Fail(compiled.error().Within(config_.bootstrap_file));
  PutInForce(std::move(*compiled), std::move(*set), Source::kBootstrap, clock_.Steady());
  return {};
}

Result<void> Environment::CheckRevision(const wire::SyncHead& head) const {
  if (head.environment != config_.environment) {
    return Fail(Error::Invalid("upstream", "sent the flags of environment \"" + head.environment +
                                               "\", this daemon serves \"" + config_.environment +
                                               '"'));
  }
  const bool from_upstream = published_.image != nullptr && !set_digest_.empty();
  if (!from_upstream || head.epoch > in_force_.epoch) return {};
  const std::string sent =
      "epoch " + std::to_string(head.epoch) + " revision " + std::to_string(head.revision);
  if (head.epoch < in_force_.epoch || head.revision < in_force_.revision) {
    return Fail(Error::Invalid("upstream", "sent " + sent +
                                               ", older than what is in force (epoch " +
                                               std::to_string(in_force_.epoch) + " revision " +
                                               std::to_string(in_force_.revision) + ')'));
  }
  if (head.revision == in_force_.revision && head.set_digest != set_digest_) {
    return Fail(Error::Invalid("upstream", "sent " + sent + " again with other contents"));
  }
  return {};
}

Result<void> Environment::Apply(wire::SyncDocument document, std::string validator) {
  const auto refuse = [&](const Error& error) -> Result<void> {
    refused_ = error;
    return Fail(error);
  };
  if (auto newer = CheckRevision(document.head); !newer) return refuse(newer.error());
  if (document.head.set_digest == set_digest_ && published_.source == Source::kLive) {
    validator_ = std::move(validator);
    Confirm();
    return {};
  }
  model::FlagSet set = ReadDefinitions(document.head, document.lines);
  auto compiled = Compile(set, &in_force_);
  if (!compiled) return refuse(compiled.error());
  Generation generation{document.head, std::move(document.lines), KeptLines(*compiled), validator,
                        clock_.Wall()};
  refused_.reset();
  validator_ = std::move(validator);
  set_digest_ = generation.head.set_digest;
  PutInForce(std::move(*compiled), std::move(set), Source::kLive, clock_.Steady());
  Publish();
  Save(std::move(generation));
  return {};
}

Result<Environment::Compiled> Environment::Compile(const model::FlagSet& set,
                                                   const model::FlagSet* in_force) const {
  auto compiled = engine::Compile(set, in_force);
  if (!compiled) return Fail(compiled.error());
  auto image = AttachedImage::Make(std::move(compiled->image), published_.image.get());
  if (!image) return Fail(image.error());
  return Compiled{std::move(*image), std::move(compiled->diagnostics),
                  std::move(compiled->kept_flags), std::move(compiled->kept_segments)};
}

void Environment::PutInForce(Compiled compiled, model::FlagSet set, Source source,
                             base::SteadyMillis confirmed_at) {
  TakeKept(set.flags, in_force_.flags, compiled.kept_flags);
  TakeKept(set.segments, in_force_.segments, compiled.kept_segments);
  in_force_ = std::move(set);
  published_.image = std::move(compiled.image);
  published_.source = source;
  published_.is_confirmed = source != Source::kBootstrap;
  published_.confirmed_at = confirmed_at;
  diagnostics_ = std::move(compiled.diagnostics);
  log_.Info("flag set in force", {{"environment", config_.environment},
                                  {"source", Name(source)},
                                  {"epoch", in_force_.epoch},
                                  {"revision", in_force_.revision},
                                  {"flags", std::uint64_t{in_force_.flags.size()}},
                                  {"quarantined", std::uint64_t{diagnostics_.size()}}});
  for (std::size_t i = 0; i < diagnostics_.size() && i < kLoggedDiagnostics; ++i) {
    log_.Warn("definition quarantined", {{"key", diagnostics_[i].flag},
                                         {"place", diagnostics_[i].error.where()},
                                         {"reason", diagnostics_[i].error.what()}});
  }
}

// The texts of the definitions that quarantined flags and segments still use: they stand in the
// generation before this one.
std::vector<wire::SyncLine> Environment::KeptLines(const Compiled& compiled) {
  std::vector<wire::SyncLine> lines;
  if (!cache_) return lines;
  const auto take = [&](wire::LineKind kind, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      if (auto line = cache_->FindLine(kind, key)) lines.push_back(std::move(*line));
    }
  };
  take(wire::LineKind::kFlag, compiled.kept_flags);
  take(wire::LineKind::kSegment, compiled.kept_segments);
  return lines;
}

void Environment::Save(Generation generation) {
  if (!cache_) return;
  const auto saved = cache_->Save(generation);
  NoteCache(saved);
  if (!saved) {
    unsaved_ = std::move(generation);
    return;
  }
  unsaved_.reset();
  ++cache_writes_;
  cache_confirmed_at_ = clock_.Steady();
}

// What could not be written is tried again; only a generation that is there can be confirmed.
void Environment::ConfirmCached() {
  if (!cache_) return;
  if (unsaved_) {
    unsaved_->confirmed_at = clock_.Wall();
    return Save(*std::exchange(unsaved_, std::nullopt));
  }
  if (published_.confirmed_at - cache_confirmed_at_ < kConfirmEveryMillis) return;
  cache_confirmed_at_ = published_.confirmed_at;
  NoteCache(cache_->Confirm(clock_.Wall()));
}

void Environment::NoteCache(const Result<void>& result) {
  const std::string error = result ? "" : result.error().Message();
  if (error != cache_error_) {
    if (error.empty()) {
      log_.Info("cache is written again");
    } else {
      log_.Error("cache is not written; answers go on from memory", {{"reason", error}});
    }
  }
  cache_error_ = error;
}

void Environment::Confirm() {
  refused_.reset();
  published_.source = Source::kLive;
  published_.confirmed_at = clock_.Steady();
  Publish();
  ConfirmCached();
}

void Environment::Stop() {
  if (!cache_ || unsaved_ || published_.source != Source::kLive) return;
  const std::int64_t age = clock_.Steady() - published_.confirmed_at;
  NoteCache(cache_->Confirm(clock_.Wall() - age));
}

void Environment::RevokeMappings() {
  mapped_.Revoke();
  Publish();
}

void Environment::Publish() {
  published_.mappable = config_.mapped ? mapped_.Offer(published_) : nullptr;
  publisher_.Publish(std::make_shared<const serving::Published>(published_));
  mapped_.Announce(published_);
}

EnvironmentState Environment::state() const {
  EnvironmentState state;
  state.epoch = in_force_.epoch;
  state.revision = in_force_.revision;
  state.source = published_.source;
  state.ready = published_.image != nullptr;
  if (state.ready) {
    state.flags = published_.image->snapshot().flag_count();
    state.age_millis = std::max<std::int64_t>(0, clock_.Steady() - published_.confirmed_at);
    state.stale = !published_.is_confirmed || state.age_millis > config_.stale_after.millis;
  }
  state.diagnostics = diagnostics_;
  state.refused = refused_;
  state.cache_ok = cache_.has_value() && cache_error_.empty();
  state.cache_error = cache_error_;
  state.cache_writes = cache_writes_;
  return state;
}

}  // namespace pennon::daemon
