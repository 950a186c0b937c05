// How the flags of an environment come through a restart: the cache, what is loaded of it at the
// start and what is written to it, and which of its sets is not to be trusted.
#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "daemon/cache_place.h"
#include "daemon/environment.h"
#include "daemon/set_guard.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;
using serving::Source;

namespace {

constexpr std::int64_t kConfirmEveryMillis = 60'000;

}  // namespace

Result<void> Environment::OpenCache() {
  if (config_.cache_path.empty()) return {};
  auto cache = Cache::Open({config_.cache_path, config_.environment, UpstreamIdentity(config_),
                            config_.cache_generations},
                           log_);
  if (!cache) return Fail(cache.error());
  if (!cache->missing().empty()) {
    // Trouble with the disk costs persistence and nothing else.
    log_.Error("cache cannot be opened; nothing survives a restart until it can",
               {{"reason", cache->missing()}});
  } else if (const auto risk = RiskOfPlace(config_.cache_path)) {
    log_.Warn("cache lies where it may be lost", {{"path", config_.cache_path},
                                                  {"file_system", risk->file_system},
                                                  {"reason", risk->reason}});
  }
  cache_.emplace(std::move(*cache), log_);
  crashes_.emplace(config_.cache_path + ".crashes");
  return {};
}

bool Environment::LoadKept() {
  if (!cache_) return false;
  const auto was_late = std::exchange(late_, std::nullopt);
  const auto stay_late = [&] {
    if (was_late) late_ = was_late;
    NoteLate();
  };
  const auto read = ReadMarks();
  if (!read) stay_late();  // nor is anything noted in it
  // Answers come first: the newest set serves until it is known whether another one was ordered.
  const Marks marks = read.value_or(KnownOrder());
  FindSuspect(marks);
  const bool is_loaded = LoadImage(marks) || LoadCache(marks);
  if (!cache_->health().missing.empty()) stay_late();
  return is_loaded;
}

// Of an earlier attempt, if any.
Environment::Marks Environment::KnownOrder() const {
  Marks marks;
  if (!is_pinned_ && !is_overridden_) return marks;
  marks.serving = CursorOf({"", compiled_.given.epoch, compiled_.given.revision});
  marks.pinned = is_pinned_ ? "true" : "";
  return marks;
}

// An order that the disk does not give may be there all the same. Of a file that is damaged Load
// finds out.
Result<Environment::Marks> Environment::ReadMarks() {
  Marks marks;
  const auto read = [&marks](Cache& cache) {
    Result<void> all;
    for (const auto& [name, text] :
         {std::pair("suspect", &marks.suspect), std::pair("proved", &marks.proved),
          std::pair("serving", &marks.serving), std::pair("pinned", &marks.pinned)}) {
      const auto mark = cache.Mark(name);
      *text = mark.value_or("");
      if (!mark && (all || IsNotGiven(mark.error()))) all = Fail(mark.error());
    }
    return all;
  };
  const auto all = cache_->Run([&](Cache& cache) { return cache.ReadTwice(read); });
  if (all) return marks;
  if (IsNotGiven(all.error())) return Fail(all.error());
  log_.Error("cached orders cannot be read", {{"reason", all.error().Message()}});
  Marks known = KnownOrder();
  known.suspect = marks.suspect;
  known.proved = marks.proved;
  return known.serving.empty() ? marks : known;
}

void Environment::FindSuspect(const Marks& marks) {
  const std::string judged = std::exchange(suspect_, marks.suspect);  // when less could be read
  std::string cursor = judged;
  if (judged.empty()) {
    const auto found = crashes_->SuspectSince(clock_.Wall() - kCrashMemoryMillis);
    if (!found) return;
    cursor = CursorOf({"", found->epoch, found->revision});
  } else if (judged == marks.suspect) {
    return;
  }
  // A crash ends all environments of a daemon, and says nothing of which of them was its reason.
  if (marks.proved == cursor && (config_.has_siblings || !HasOtherThan(cursor))) {
    log_.Error("the daemon crashed again and again; the flag set was good before, so it stays",
               {{"environment", config_.environment}, {"set", cursor}});
    return crashes_->Forget();
  }
  suspect_ = cursor;
  const auto note = [&](Cache& cache) { return cache.SetMark("suspect", suspect_); };
  if (!late_ && cache_->Run(note)) crashes_->Forget();  // or it is found again
  if (!judged.empty()) return;                          // that is told already
  log_.Error("the daemon crashed again and again; the flag set is held back until it is accepted",
             {{"environment", config_.environment}, {"set", suspect_}});
}

bool Environment::HasOtherThan(const std::string& set) {
  if (!config_.bootstrap_file.empty()) return true;
  const auto kept = cache_->Run([](Cache& cache) { return cache.List(); });
  return kept && std::any_of(kept->begin(), kept->end(), [&](const GenerationInfo& info) {
           return CursorOf({"", info.name.epoch, info.name.revision}) != set;
         });
}

void Environment::NoteProved() {
  if (!cache_ || late_ || is_proved_ || compiled_.image == nullptr ||
      clock_.Steady() - in_force_at_ < kCrashMemoryMillis) {
    return;
  }
  is_proved_ = true;
  cache_->Write([cursor = CursorOf({"", compiled_.given.epoch, compiled_.given.revision})](
                    Cache& cache) { return cache.SetMark("proved", cursor); });
}

std::optional<Generation> Environment::LoadUnsuspected(Cache& cache) {
  std::optional<Generation> found;
  const auto read = [&](Cache& of) -> Result<void> {
    const auto kept = of.List();
    if (!kept) return Fail(kept.error());
    Result<void> whole;
    for (const GenerationInfo& info : *kept) {
      if (CursorOf({"", info.name.epoch, info.name.revision}) == suspect_) continue;
      auto loaded = of.LoadNamed(info.name);
      if (loaded) {
        found = *std::move(loaded);
        break;
      }
      if (whole || IsNotGiven(loaded.error())) whole = Fail(loaded.error());
    }
    return whole;
  };
  static_cast<void>(cache.ReadTwice(read));
  return found;
}

// A signature is of the definitions, so with a key they are read first; and so they are where an
// operator has chosen another set than the newest.
bool Environment::LoadImage(const Marks& marks) {
  if (public_key_ || !suspect_.empty() || !marks.serving.empty() || !marks.pinned.empty()) {
    return false;
  }
  auto kept = cache_->Run(
      [](Cache& cache) -> Result<std::optional<KeptImage>> { return cache.LoadImage(); });
  if (!kept || !*kept) return false;
  const Generation& generation = (*kept)->generation;
  auto image = serving::AttachedImage::Make(std::move((*kept)->image));
  if (!image || (*image)->snapshot().epoch() != generation.head.epoch ||
      (*image)->snapshot().revision() != generation.head.revision ||
      (*image)->snapshot().environment() != config_.environment) {
    log_.Error("cached image refused; the flag set is compiled",
               {{"reason", image ? "is of another set" : image.error().Message()}});
    return false;
  }
  CompiledSet compiled;
  compiled.given.environment = generation.head.environment;
  compiled.given.epoch = generation.head.epoch;
  compiled.given.revision = generation.head.revision;
  compiled.compact_size = (*image)->bytes().size();
  compiled.image = *std::move(image);
  kept_image_ = compiled.image->version();
  is_incomplete_ = true;
  const std::int64_t age = std::max<std::int64_t>(0, clock_.Wall() - generation.confirmed_at);
  newest_ = ReceivedSet{generation, {}};
  PutInForce(std::move(compiled), Source::kCache, clock_.Steady() - age);
  return true;
}

void Environment::LetGoOfDefinitions() {
  if (!cache_ || late_ || !newest_ || is_incomplete_ || is_overridden_ || held_ ||
      compiled_.image == nullptr || !compiled_.diagnostics.empty() || !cache_->IsAllWritten()) {
    return;
  }
  is_incomplete_ = true;
  const Generation& whole = newest_->generation;
  newest_ = ReceivedSet{{whole.head, {}, {}, whole.validator, whole.confirmed_at}, {}};
  for (model::FlagSet* set : {&compiled_.given, &compiled_.effective}) {
    set->flags = {};
    set->segments = {};
  }
  is_trim_due_ = true;
}

Result<void> Environment::Complete() {
  if (!is_incomplete_) return {};
  changed_at_ = clock_.Steady();
  const GenerationName name{newest_->generation.head.epoch, newest_->generation.head.revision};
  auto generation = cache_->Run([&](Cache& cache) -> Result<Generation> {
    auto named = cache.LoadNamed(name);           // a suspect may be newer
    if (!named) static_cast<void>(cache.Load());  // makes a damaged file anew
    return named;
  });
  if (generation) {
    // Who could write the file could have put anything there that has a digest.
    if (auto is_signed = CheckSignature(generation->head, PublicKey()); !is_signed) {
      generation = Fail(is_signed.error());
    }
  }
  if (!generation) {
    // The answers are good and stay, and what guards them: no older set takes their place. Without
    // definitions no delta can be taken, so the whole set is asked for.
    log_.Error("cached definitions cannot be had; the compiled set stays",
               {{"reason", generation.error().Message()}});
    compiled_.image.reset();  // nothing can be patched out of it
    wants_full_ = true;
    // A file that was made anew has no mark of a set that it has not.
    if (is_pinned_ || is_overridden_) order_due_at_ = clock_.Steady();
    return Fail(generation.error());
  }
  is_incomplete_ = false;
  generation->validator = newest_->generation.validator;
  generation->confirmed_at = newest_->generation.confirmed_at;
  newest_ = ReadGeneration(*std::move(generation));
  compiled_.given = newest_->definitions;
  compiled_.effective = newest_->definitions;
  return {};
}

// Nobody has signed the lines that are kept of earlier sets; with a key those count that stand in a
// signed set that is kept as well.
wire::SyncLines Environment::TrustedLines(const Generation& generation) {
  if (!public_key_ || generation.kept.empty()) return generation.kept;
  std::set<std::string, std::less<>> is_signed;
  const auto names = cache_->Run([](Cache& cache) { return cache.List(); });
  for (const GenerationInfo& info : names ? *names : std::vector<GenerationInfo>()) {
    const auto earlier = cache_->Run([&](Cache& cache) { return cache.LoadNamed(info.name); });
    if (!earlier || !CheckSignature(earlier->head, PublicKey())) continue;
    for (const wire::SyncLine& line : earlier->lines) is_signed.emplace(line.entry());
  }
  wire::SyncLines trusted;
  for (const wire::SyncLine& line : generation.kept) {
    if (is_signed.contains(line.entry())) trusted.push_back(line);
  }
  return trusted;
}

bool Environment::LoadCache(const Marks& marks) {
  auto loaded = cache_->Run([&](Cache& cache) -> Result<std::optional<Generation>> {
    return suspect_.empty() ? cache.Load() : LoadUnsuspected(cache);
  });
  if (!loaded || !*loaded) return false;
  auto& generation = *loaded;
  const auto refuse = [&](const Error& error) {
    log_.Error("cached flag set refused", {{"reason", error.Message()}});
    return false;
  };
  // Who could write the file could have put anything there that has a digest.
  if (auto is_signed = CheckSignature(generation->head, PublicKey()); !is_signed) {
    return refuse(is_signed.error());
  }
  CompiledSet before;
  before.effective = ReadDefinitions(generation->head, TrustedLines(*generation));
  ReceivedSet set = ReadGeneration(std::move(*generation));
  auto compiled = CompileSet(set.definitions, before);
  if (!compiled) return refuse(compiled.error());
  const std::int64_t age = std::max<std::int64_t>(0, clock_.Wall() - set.generation.confirmed_at);
  // A file that gives less than it has given.
  if (newest_ && CursorOf(newest_->generation.head) != suspect_ &&
      !CheckRevision(set.generation.head, &newest_->generation.head)) {
    if (!is_incomplete_ && !marks.serving.empty() && !StaysOrdered(marks)) LoadOverride(marks);
    return false;
  }
  newest_ = std::move(set);
  is_incomplete_ = false;
  if (StaysOrdered(marks)) return true;
  PutInForce(std::move(*compiled), Source::kCache, clock_.Steady() - age);
  LoadOverride(ReadMarks().value_or(marks));  // a file that was made anew may have fewer
  return true;
}

// What is in force by the same order already need not be given by the disk again.
bool Environment::StaysOrdered(const Marks& marks) {
  const std::string ordered = KnownOrder().serving;
  if (ordered.empty() || ordered != marks.serving || ordered == suspect_) return false;
  is_pinned_ = !marks.pinned.empty();
  is_overridden_ = ordered != CursorOf(newest_->generation.head);
  return true;
}

void Environment::LoadOverride(const Marks& marks) {
  is_pinned_ = !marks.pinned.empty();
  const std::string& serving = marks.serving;
  is_overridden_ = false;
  if (!serving.empty() && serving == suspect_) is_pinned_ = false;
  if (serving.empty() || serving == suspect_ || serving == CursorOf(newest_->generation.head)) {
    return;
  }
  auto generation = cache_->Run([&](Cache& cache) {
    return cache.ReadTwice([&](Cache& of) { return of.LoadMarked(serving); });
  });
  auto done = generation ? Override(*generation) : Result<void>(Fail(generation.error()));
  if (done) return;
  is_pinned_ = false;  // a pin of another set was not ordered; the disk may give this one later
  log_.Error("kept flag set refused", {{"reason", done.error().Message()}});
}

void Environment::Save() {
  if (!cache_ || is_incomplete_) return;
  // It would end what it is suspected of.
  if (CursorOf(newest_->generation.head) == suspect_) return;
  if (late_) {
    late_->is_save_due = true;
    return;
  }
  if (order_due_at_) NoteOrder();  // or the set that it is about may go
  cache_->Save(std::make_shared<const Generation>(newest_->generation), EndsOfSave());
  cache_confirmed_at_ = clock_.Steady();
}

// Only a generation that is there can be confirmed; what could not be written is tried again soon.
void Environment::ConfirmCached() {
  if (!cache_ || !newest_) return;
  newest_->generation.confirmed_at = clock_.Wall();
  if (late_ || cache_->HasUnsaved()) return;
  const base::SteadyMillis now = clock_.Steady();
  if (now - cache_confirmed_at_ < kConfirmEveryMillis) return;
  cache_confirmed_at_ = now;
  cache_->Write([at = clock_.Wall()](Cache& cache) { return cache.Confirm(at); });
}

// Only where nothing is quarantined: then the definitions as sent are all that there is to it.
void Environment::KeepImage() {
  if (!cache_ || late_ || !newest_ || compiled_.image == nullptr || is_overridden_ ||
      !compiled_.diagnostics.empty() || compiled_.image->version() == kept_image_ ||
      CursorOf(newest_->generation.head) !=
          CursorOf({"", compiled_.given.epoch, compiled_.given.revision})) {
    return;
  }
  kept_image_ = compiled_.image->version();
  image_kept_at_ = clock_.Steady();
  cache_->Write([image = compiled_.image](Cache& cache) {
    const engine::Snapshot& snapshot = image->snapshot();
    return cache.SaveImage({snapshot.epoch(), snapshot.revision()}, image->bytes());
  });
}

}  // namespace pennon::daemon
