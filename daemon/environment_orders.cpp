// What operators may do to the flag sets of an environment.
#include <algorithm>
#include <charconv>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "daemon/environment.h"
#include "daemon/set_guard.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;

namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;
constexpr std::int64_t kNoteAgainMillis = 5'000;  // what could not be written

Error NoCache() {
  return Error::Unavailable("cache", "there is none, so no flag sets are kept");
}

std::string Text(const GenerationName& name) {
  return std::to_string(name.epoch) + '.' + std::to_string(name.revision);
}

bool IsNamed(const GenerationName& name, std::string_view text) {
  return text == Text(name) || text == std::to_string(name.revision);
}

}  // namespace

Result<Generation> Environment::FindKept(std::string_view name) {
  if (!cache_) return Fail(NoCache());
  auto kept = cache_->Run([](Cache& cache) { return cache.List(); });
  if (!kept) return Fail(kept.error());
  const GenerationName now{compiled_.given.epoch, compiled_.given.revision};
  const auto is_now = [&](const GenerationInfo& info) { return info.name == now; };
  // What is in force and could not be written yet is newer than all of them.
  bool is_behind = std::none_of(kept->begin(), kept->end(), is_now);
  for (const GenerationInfo& info : *kept) {
    // One that was accepted again is kept twice.
    if (name.empty() ? is_behind && !(info.name == now) : IsNamed(info.name, name)) {
      return cache_->Run([&](Cache& cache) { return cache.LoadNamed(info.name); });
    }
    is_behind = is_behind || info.name == now;
  }
  return Fail(Error::NotFound(name.empty() ? "generation" : name,
                              name.empty() ? "none is kept before the one in force"
                                           : "is no kept flag set; see pennon generations"));
}

Result<void> Environment::Override(const Generation& generation) {
  if (auto is_signed = CheckSignature(generation.head, PublicKey()); !is_signed) return is_signed;
  CompiledSet before;
  before.effective = ReadDefinitions(generation.head, TrustedLines(generation));
  auto compiled = CompileSet(ReadGeneration(generation).definitions, before);
  if (!compiled) return Fail(compiled.error());
  is_overridden_ = !newest_ || CursorOf(generation.head) != CursorOf(newest_->generation.head);
  const std::int64_t age = std::max<std::int64_t>(0, clock_.Wall() - generation.confirmed_at);
  PutInForce(std::move(*compiled), serving::Source::kCache, clock_.Steady() - age);
  return {};
}

// A mark is of use only with the set that it names. What the disk does not take is tried again.
void Environment::NoteOrder() {
  if (!cache_ || late_) return;
  const bool is_ordered = is_overridden_ || is_pinned_;
  const std::string serving =
      is_ordered ? CursorOf({"", compiled_.given.epoch, compiled_.given.revision}) : "";
  // The only one that may not be kept yet, and will not be when another one comes before it is.
  if (ordered_ && CursorOf(ordered_->head) != serving) ordered_.reset();
  if (newest_ && !is_incomplete_ && CursorOf(newest_->generation.head) == serving) {
    ordered_ = newest_->generation;
  }
  bool is_newest_due = false;  // the newest generation must be written last
  const auto noted = cache_->Run([&](Cache& cache) -> Result<void> {
    if (is_ordered) {
      const auto kept = cache.CheckHolds(serving);
      if (!kept && ordered_) {
        const auto saved = cache.Save(*ordered_);
        if (!saved) return saved;
        is_newest_due = true;
      } else if (!kept) {
        return Fail(kept.error());
      }
    }
    return cache.SetMarks({{"serving", serving}, {"pinned", is_pinned_ ? "true" : ""}});
  });
  const bool was_due = std::exchange(order_due_at_, std::nullopt).has_value();
  if (is_newest_due && CursorOf(newest_->generation.head) != serving) {
    cache_->Save(std::make_shared<const Generation>(newest_->generation), EndsOfSave());
  }
  if (noted) {
    ordered_.reset();
    if (was_due) log_.Info("order is kept over a restart");
    return;
  }
  order_due_at_ = clock_.Steady() + kNoteAgainMillis;
  if (was_due) return;  // that is told already
  log_.Error("order is not kept over a restart", {{"reason", noted.error().Message()}});
}

Result<std::string> Environment::OrderDone() {
  Publish();
  NoteOrder();
  const EnvironmentState state = this->state();
  std::string text;
  base::JsonObject object(text);
  object.String("environment", config_.environment);
  object.String("serving", Text({state.epoch, state.revision}));
  object.String("newest", state.newest).Bool("pinned", state.pinned);
  object.String("held", state.held).Close();
  return text;
}

Result<std::string> Environment::Generations() {
  if (!cache_) return Fail(NoCache());
  auto kept = cache_->Run([](Cache& cache) { return cache.List(); });
  if (!kept) return Fail(kept.error());
  const GenerationName now{compiled_.given.epoch, compiled_.given.revision};
  std::string text;
  base::JsonObject object(text);
  object.String("environment", config_.environment).Bool("pinned", is_pinned_);
  if (held_) object.String("held", CursorOf(held_->generation.head));
  object.Key("generations") += '[';
  bool is_first = true;
  for (const GenerationInfo& info : *kept) {
    if (!std::exchange(is_first, false)) text += ',';
    base::JsonObject one(text);
    one.String("generation", Text(info.name)).Uint("flags", info.flags);
    one.String("confirmedAt", base::FormatTimestamp(info.confirmed_at * kMicrosPerMilli));
    one.Bool("serving", info.name == now).Close();
  }
  text += ']';
  object.Close();
  return text;
}

Result<std::string> Environment::Rollback(std::string_view generation) {
  if (auto checked = CheckNotLate(); !checked) return Fail(checked.error());
  // Or there would be no way back to the newest.
  if (auto whole = Complete(); !whole) return Fail(whole.error());
  auto kept = FindKept(generation);
  if (!kept) return Fail(kept.error());
  if (auto done = Override(*kept); !done) return Fail(done.error());
  return OrderDone();
}

Result<std::string> Environment::Pin(std::string_view generation) {
  if (!cache_) return Fail(NoCache());
  if (auto checked = CheckNotLate(); !checked) return Fail(checked.error());
  const auto whole = Complete();
  if (!generation.empty()) {
    if (!whole) return Fail(whole.error());
    auto kept = FindKept(generation);
    if (!kept) return Fail(kept.error());
    if (auto done = Override(*kept); !done) return Fail(done.error());
  }
  if (!newest_ || published_.image == nullptr) {
    return Fail(Error::Unavailable("pin", "no flag set of the upstream is in force"));
  }
  is_pinned_ = true;
  return OrderDone();
}

Result<std::string> Environment::Unpin() {
  if (auto checked = CheckNotLate(); !checked) return Fail(checked.error());
  is_pinned_ = false;
  if (newest_ && is_overridden_) {  // then its definitions are here
    if (auto done = Override(newest_->generation); !done) return Fail(done.error());
  }
  return OrderDone();
}

Result<std::string> Environment::Accept(std::string_view revision) {
  if (!held_) return Fail(Error::NotFound("accept", "no flag set is held back"));
  const wire::SyncHead& head = held_->generation.head;
  const bool is_of_epoch = newest_ && head.epoch == newest_->generation.head.epoch;
  const bool is_named =
      is_of_epoch ? IsNamed({head.epoch, head.revision}, revision) : revision == CursorOf(head);
  if (!revision.empty() && !is_named) {
    return Fail(Error::Conflict("accept", "the flag set that is held back is " + CursorOf(head)));
  }
  log_.Warn("a flag set that was held back is accepted",
            {{"environment", config_.environment}, {"set", CursorOf(head)}});
  ReceivedSet set = *std::exchange(held_, std::nullopt);
  set.is_accepted = true;
  set.generation.confirmed_at = clock_.Wall();
  if (auto checked = Check(set, true); !checked) return Fail(checked.error());
  if (auto done = Accept(std::move(set), clock_.Steady()); !done) return Fail(done.error());
  return OrderDone();
}

}  // namespace pennon::daemon
