#include "daemon/environment.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/out_of_memory.h"
#include "daemon/default_flags.h"
#include "daemon/set_guard.h"
#include "engine/spare_memory.h"
#include "model/flag_changes.h"
#include "wire/document.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;
using serving::Source;

namespace {

constexpr std::size_t kMaxBootstrapBytes = std::size_t{64} << 20U;
constexpr std::int64_t kKeepImageEveryMillis = 60'000;
constexpr std::int64_t kSaveAgainMillis = 5'000;  // what could not be written
constexpr std::int64_t kLetGoAfterMillis = 10'000;
constexpr std::int64_t kTrimAfterMillis = 2'000;
constexpr std::size_t kLoggedDiagnostics = 10;
constexpr std::size_t kMaxKeyBytes = 4096;

// They may not have been read, or let go of.
bool HasDefinitions(const CompiledSet& set) {
  return !set.effective.flags.empty() || set.image->snapshot().flag_count() == 0;
}

}  // namespace

Environment::Environment(const DaemonConfig& config, const base::Clock& clock, base::Logger& log,
                         Publisher& publisher)
    : config_(config), clock_(clock), log_(log), publisher_(publisher), mapped_(clock, log) {
  published_.environment = config.environment;
  published_.stale_after_millis = config.stale_after.millis;
  image_kept_at_ = started_at_ = clock.Steady();
}

Result<void> Environment::Start() {
  if (auto defaults = CompileDefaults(); !defaults) return defaults;
  if (auto key = ReadPublicKey(); !key) return key;
  if (auto opened = OpenCache(); !opened) return opened;
  if (!LoadKept() && !config_.bootstrap_file.empty()) {
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

Result<void> Environment::ReadPublicKey() {
  if (config_.upstream_public_key_file.empty()) return {};
  auto pem = base::ReadFile(config_.upstream_public_key_file, kMaxKeyBytes);
  if (!pem) return Fail(pem.error());
  auto key = base::Ed25519Verifier::FromPem(*pem, config_.upstream_public_key_file);
  if (!key) return Fail(key.error());
  public_key_.emplace(std::move(*key));
  return {};
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
  // Whatever the file says: what the upstream has is newer, also to clients that map this.
  set->epoch = 0;
  auto compiled = CompileSet(std::move(*set), CompiledSet());
  if (!compiled) return Fail(compiled.error().Within(config_.bootstrap_file));
  PutInForce(std::move(*compiled), Source::kBootstrap, clock_.Steady());
  return {};
}

// An older epoch is no reason to keep quiet about flags that are gone: both are accepted at once.
Result<void> Environment::CheckOrder(const ReceivedSet& set, bool is_full) {
  if (!newest_) return {};
  const auto revised = CheckRevision(set.generation.head, &newest_->generation.head);
  const bool is_older_epoch = !revised && revised.error().code() == base::ErrorCode::kForbidden;
  if (!is_full || (!revised && !is_older_epoch)) return revised;
  const auto shrunk = CheckShrink(set.generation, NewestKeys());
  if (revised || shrunk) return revised ? shrunk : revised;
  return Fail(Error::Forbidden("upstream", revised.error().what() + std::string(". It also ") +
                                               std::string(shrunk.error().what())));
}

Result<void> Environment::Check(const ReceivedSet& set, bool is_full) {
  const wire::SyncHead& head = set.generation.head;
  if (auto checked = CheckEnvironment(head, config_.environment); !checked) return checked;
  if (auto checked = CheckSignature(head, PublicKey()); !checked) return checked;
  const auto checked = CheckOrder(set, is_full);
  const bool can_be_accepted = checked || checked.error().code() == base::ErrorCode::kForbidden;
  if (set.is_accepted && can_be_accepted) return {};
  if (!checked) return checked;
  if (CursorOf(head) == suspect_) {
    return Fail(Error::Forbidden(
        "flag set",
        "seems to have crashed this daemon; it is held back until a newer one comes or "
        "`pennon accept` lets it in"));
  }
  return {};
}

std::vector<std::string_view> Environment::NewestKeys() const {
  std::vector<std::string_view> keys;
  if (is_incomplete_) {  // then it is what is in force
    const engine::Snapshot& snapshot = published_.image->snapshot();
    for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
      keys.push_back(snapshot.Key(snapshot.At(i)));
    }
    return keys;
  }
  for (const wire::SyncLine& line : newest_->generation.lines) {
    if (line.kind() == wire::LineKind::kFlag) keys.push_back(line.key());
  }
  return keys;
}

Result<void> Environment::Apply(wire::SyncDocument document, std::string validator) {
  static_cast<void>(Complete());  // without, only a full set can be taken
  const bool is_full = !document.head.since;
  static const ReceivedSet kNothing;
  auto set = base::UnlessMemoryRunsOut(
      "flag set", [&] { return Receive(newest_ ? *newest_ : kNothing, std::move(document)); });
  if (!set) return Refuse(set.error());
  set->generation.validator = std::move(validator);
  set->generation.confirmed_at = clock_.Wall();
  auto taken = Take(std::move(*set), is_full, clock_.Steady());
  if (taken) Publish();
  return taken;
}

Result<void> Environment::Take(ReceivedSet set, bool is_full, base::SteadyMillis confirmed_at) {
  if (auto checked = Check(set, is_full); !checked) {
    if (checked.error().code() == base::ErrorCode::kForbidden) held_ = std::move(set);
    return Refuse(checked.error());
  }
  auto accepted = Accept(std::move(set), confirmed_at);
  return accepted ? accepted : Refuse(accepted.error());
}

Result<void> Environment::Refuse(const Error& error) {
  refused_ = error;
  wants_full_ = error.code() == base::ErrorCode::kConflict;
  return Fail(error);
}

Result<void> Environment::Accept(ReceivedSet set, base::SteadyMillis confirmed_at) {
  const auto name = [](const ReceivedSet& of) { return CursorOf(of.generation.head); };
  if (newest_ && !is_incomplete_ && name(set) == name(*newest_) &&
      published_.source == Source::kLive) {
    newest_->generation.validator = std::move(set.generation.validator);
    wants_full_ = false;
    Confirm();
    return {};
  }
  const wire::SyncLines own = std::move(set.generation.kept);
  const auto before = InForceWith(own);
  auto compiled = base::UnlessMemoryRunsOut(
      "flag set", [&] { return CompileSet(set.definitions, before ? *before : compiled_); });
  if (!compiled) return Fail(compiled.error());
  set.generation.kept = KeptLines(*compiled, own);
  const bool is_newer = !newest_ || name(set) != name(*newest_);
  // It will be measured by what a late cache has, and goes on from what was accepted already.
  set.is_accepted = set.is_accepted || (late_ && newest_ && newest_->is_accepted);
  newest_ = std::move(set);
  is_incomplete_ = false;
  refused_.reset();
  held_.reset();
  wants_full_ = false;
  suspect_.clear();
  if (is_pinned_ || (is_overridden_ && !is_newer)) {
    is_overridden_ = is_overridden_ || is_newer;
    log_.Info("flag set kept for later; another one is pinned",
              {{"environment", config_.environment}, {"set", name(*newest_)}});
  } else {
    is_overridden_ = false;
    is_set_back_ = false;
    PutInForce(std::move(*compiled), Source::kLive, confirmed_at);
  }
  Save();
  return {};
}

std::shared_ptr<const serving::SetDifference> Environment::DifferenceTo(
    const CompiledSet& next) const {
  if (compiled_.image == nullptr || !HasDefinitions(compiled_) || !HasDefinitions(next)) {
    return nullptr;
  }
  auto keys =
      model::ChangedFlags(compiled_.effective, next.effective, serving::SetDifference::kMaxKeys);
  if (!keys) return nullptr;
  return std::make_shared<serving::SetDifference>(
      serving::SetDifference{published_.image->version(), *std::move(keys)});
}

void Environment::PutInForce(CompiledSet compiled, Source source, base::SteadyMillis confirmed_at) {
  published_.difference = DifferenceTo(compiled);
  compiled_ = std::move(compiled);
  is_trim_due_ = true;
  changed_at_ = in_force_at_ = clock_.Steady();
  is_proved_ = false;
  if (crashes_) crashes_->SetInForce({compiled_.given.epoch, compiled_.given.revision});
  published_.image = compiled_.image;
  published_.source = source;
  published_.is_confirmed = source != Source::kBootstrap;
  published_.confirmed_at = confirmed_at;
  const auto& diagnostics = compiled_.diagnostics;
  log_.Info("flag set in force",
            {{"environment", config_.environment},
             {"source", Name(source)},
             {"epoch", compiled_.given.epoch},
             {"revision", compiled_.given.revision},
             {"flags", std::uint64_t{published_.image->snapshot().flag_count()}},
             {"quarantined", std::uint64_t{diagnostics.size()}}});
  for (std::size_t i = 0; i < diagnostics.size() && i < kLoggedDiagnostics; ++i) {
    log_.Warn("definition quarantined", {{"key", diagnostics[i].flag},
                                         {"place", diagnostics[i].error.where()},
                                         {"reason", diagnostics[i].error.what()}});
  }
}

// The texts of the definitions that quarantined flags and segments still use: they stand in the
// generation that is in force.
wire::SyncLines Environment::KeptLines(const CompiledSet& compiled, const wire::SyncLines& own) {
  wire::SyncLines lines;
  if (!newest_ || compiled.kept_flags.size() + compiled.kept_segments.size() == 0) return lines;
  const Generation* before = &newest_->generation;
  Result<Generation> in_force = Fail(Error::NotFound("generation", "is the newest"));
  if (is_overridden_ && cache_) {
    in_force = cache_->Run([&](Cache& cache) {
      return cache.LoadNamed({compiled_.given.epoch, compiled_.given.revision});
    });
    if (in_force) before = &*in_force;
  }
  const auto take = [&](wire::LineKind kind, const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      const auto is_it = [&](const auto& line) { return line.kind() == kind && line.key() == key; };
      for (const auto* list : {&own, &before->kept, &before->lines}) {
        const auto found = std::find_if(list->begin(), list->end(), is_it);
        if (found == list->end()) continue;
        lines.push_back(*found);
        break;
      }
    }
  };
  take(wire::LineKind::kFlag, compiled.kept_flags);
  take(wire::LineKind::kSegment, compiled.kept_segments);
  return lines;
}

void Environment::EverySecond() {
  mapped_.Beat();
  const base::SteadyMillis now = clock_.Steady();
  if (late_) TryLateCache();
  // Reading and compiling leave as much memory behind as they have made, in pieces that the
  // allocator would keep. Sets that follow each other need it again, and would wait for the trim.
  if (is_trim_due_ && now - changed_at_ >= kTrimAfterMillis) {
    is_trim_due_ = false;
    engine::ReleaseSpareMemory();
    ::malloc_trim(0);
  }
  if (now - image_kept_at_ >= kKeepImageEveryMillis) KeepImage();
  if (order_due_at_ && now >= *order_due_at_) NoteOrder();
  if (cache_ && !late_ && newest_ && cache_->HasUnsaved() &&
      now - cache_confirmed_at_ >= kSaveAgainMillis)
    Save();
  if (crashes_ && now - started_at_ >= kCrashMemoryMillis) crashes_->Forget();
  NoteProved();
  if (now - changed_at_ >= kLetGoAfterMillis) LetGoOfDefinitions();
}

void Environment::Confirm() {
  refused_.reset();
  held_.reset();  // the upstream has taken it back
  Refresh();
}

void Environment::Refresh() {
  is_trim_due_ = true;  // files are read whole to learn that nothing has changed
  if (!is_overridden_) {
    published_.source = Source::kLive;
    published_.confirmed_at = clock_.Steady();
    Publish();
  }
  ConfirmCached();
}

void Environment::Stop() {
  if (!cache_) return;
  crashes_->Forget();
  if (late_) StopLateCache();
  if (!late_ && newest_ && cache_->HasUnsaved()) Save();
  if (order_due_at_) NoteOrder();
  if (!late_ && !cache_->HasUnsaved()) {
    KeepImage();
    if (!is_overridden_ && published_.source == Source::kLive) {
      const std::int64_t age = clock_.Steady() - published_.confirmed_at;
      cache_->Write([at = clock_.Wall() - age](Cache& cache) { return cache.Confirm(at); });
    }
  }
  cache_->Stop();
}

void Environment::RevokeMappings() {
  mapped_.Revoke();
  Publish();
}

KnownSet Environment::known() const {
  if (!newest_) return {};
  const Generation& generation = newest_->generation;
  const wire::SyncHead& head = generation.head;
  // Also of the set that is in force, when there is nothing of it but that it is.
  if (wants_full_ && is_incomplete_) return {"", "", head.epoch, head.revision, ""};
  return {generation.validator, wants_full_ ? "" : CursorOf(head), head.epoch, head.revision,
          head.set_digest};
}

void Environment::Publish() {
  // Who asks need not wait for the copy that is for those who map; they have the one before.
  if (mapped_.IsBehind(published_)) {
    publisher_.Publish(std::make_shared<const serving::Published>(published_));
  }
  published_.is_held_back = is_overridden_ || is_set_back_ || !suspect_.empty();
  published_.mappable = config_.mapped ? mapped_.Offer(published_) : nullptr;
  publisher_.Publish(std::make_shared<const serving::Published>(published_));
  mapped_.Announce(published_);
}

EnvironmentState Environment::state() const {
  EnvironmentState state;
  state.epoch = compiled_.given.epoch;
  state.revision = compiled_.given.revision;
  state.source = published_.source;
  state.ready = published_.image != nullptr;
  if (state.ready) {
    state.flags = published_.image->snapshot().flag_count();
    state.age_millis = std::max<std::int64_t>(0, clock_.Steady() - published_.confirmed_at);
    state.stale = !published_.is_confirmed || state.age_millis > config_.stale_after.millis;
  }
  state.diagnostics = compiled_.diagnostics;
  state.refused = refused_;
  CacheHealth cache;
  if (cache_) cache = cache_->health();
  state.cache_error = cache.error.empty() ? cache.missing : cache.error;
  state.cache_ok = cache_.has_value() && state.cache_error.empty();
  state.cache_damage = cache.damage;
  state.cache_writes = cache.writes;
  if (newest_) state.newest = CursorOf(newest_->generation.head);
  if (held_) state.held = CursorOf(held_->generation.head);
  state.pinned = is_pinned_;
  state.overridden = is_overridden_;
  return state;
}

}  // namespace pennon::daemon
