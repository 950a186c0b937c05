#include "daemon/layered_upstream.h"

#include <algorithm>
#include <map>
#include <utility>

#include "daemon/translated_set.h"

namespace pennon::daemon {
namespace {

constexpr std::size_t kLoggedDiagnostics = 10;

}  // namespace

LayeredUpstream::LayeredUpstream(std::string environment, std::vector<NamedSource> sources,
                                 const base::Clock& clock, base::Logger& log)
    : environment_(std::move(environment)), clock_(clock), log_(log) {
  for (NamedSource& named : sources) layers_.emplace_back().named = std::move(named);
}

void LayeredUpstream::Watch(const std::function<void()>& changed) {
  changed_ = changed;
  for (Layer& layer : layers_) {
    layer.named.source->Watch([this, &layer] {
      // The others may take as long as their deadlines allow: that is no reason to wait for them.
      if (!layer.is_asked && round_.pending > 0) EndRound();
      changed_();
    });
  }
}

std::vector<LayerState> LayeredUpstream::layers() const {
  std::vector<LayerState> states;
  for (const Layer& layer : layers_) {
    states.push_back({layer.named.name, layer.named.source->identity(), layer.definitions,
                      layer.failure ? std::optional(layer.failure->error) : std::nullopt});
  }
  return states;
}

void LayeredUpstream::Fetch(const KnownSet& known, std::function<void(FetchResult)> done) {
  const std::uint64_t number = round_.number + 1;
  round_ = {number, known, std::move(done), 0, std::exchange(is_changed_late_, false)};
  // What was made and not accepted must be made again, and a lone layer's lines are gone.
  const bool has_lines = layers_.size() > 1 || made_.set_digest == known.set_digest;
  std::vector<Layer*> asked;  // who has still not answered is not asked twice; one has
  for (Layer& layer : layers_) {
    if (!std::exchange(layer.is_asked, true)) asked.push_back(&layer);
  }
  round_.pending = asked.size();
  for (Layer* const layer : asked) {
    layer->named.source->Fetch(has_lines ? layer->validator : "",
                               [this, number, layer](SourceResult result) {
                                 OnAnswer(number, *layer, std::move(result));
                               });
  }
}

void LayeredUpstream::OnAnswer(std::uint64_t round, Layer& layer, SourceResult result) {
  layer.is_asked = false;
  layer.failure.reset();
  bool is_changed = false;
  if (!result) {
    layer.failure = std::move(result.error());
  } else if (!result->not_modified) {
    layer.has_answered = true;
    layer.definitions = result->lines.size();
    layer.lines = std::move(result->lines);
    layer.validator = std::move(result->validator);
    is_changed = true;
    Note(layer, result->diagnostics);
  }
  if (round != round_.number) {  // which was ended without it
    is_changed_late_ = is_changed_late_ || is_changed;
    if (is_changed) changed_();
    return;
  }
  round_.changed = round_.changed || is_changed;
  if (--round_.pending == 0) EndRound();
}

void LayeredUpstream::EndRound() {
  ++round_.number;
  round_.pending = 0;
  for (Layer& layer : layers_) {
    if (!layer.is_asked) continue;
    layer.failure = {
        base::Error::Unavailable(layer.named.source->identity(), "has not answered yet"), 0, false};
  }
  const auto done = std::move(round_.done);
  done(Finish());
}

void LayeredUpstream::Note(const Layer& layer, const std::vector<model::Diagnostic>& diagnostics) {
  for (std::size_t i = 0; i < diagnostics.size() && i < kLoggedDiagnostics; ++i) {
    log_.Warn("definition of a source", {{"source", layer.named.name},
                                         {"key", diagnostics[i].flag},
                                         {"reason", diagnostics[i].error.Message()}});
  }
}

const FetchFailure* LayeredUpstream::FirstFailure() const {
  for (const Layer& layer : layers_) {
    if (layer.failure) return &*layer.failure;
  }
  return nullptr;
}

FetchResult LayeredUpstream::Finish() {
  const KnownSet& known = round_.known;
  const FetchFailure* const failure = FirstFailure();
  const bool has_known = !known.set_digest.empty();
  bool may_make = round_.changed;
  // Of a set from the cache nobody knows what in it is of whom. What was made here lacks them
  // already.
  if (known.set_digest == made_.set_digest) own_digest_ = known.set_digest;
  const bool is_made_here = known.set_digest == own_digest_;
  for (const Layer& layer : layers_) {
    if (!layer.has_answered && has_known && !is_made_here) may_make = false;
  }
  // Also without a change: what was made last may not have been accepted.
  may_make = may_make || (layers_.size() > 1 && failure == nullptr);
  if (may_make) {
    // A set that was made before and waits to be accepted keeps its place.
    wire::SyncHead before;
    before.epoch = known.epoch;
    before.revision = known.revision;
    before.set_digest = known.set_digest;
    const bool is_ahead = made_.epoch == known.epoch && made_.revision > known.revision;
    if (is_ahead) before = made_;
    wire::SyncDocument document = PlaceInHistory(environment_, Merge(), before, clock_.Wall());
    if (document.head.set_digest != known.set_digest) {
      made_ = document.head;
      return Fetched{false, std::move(document), "\"" + made_.set_digest + '"'};
    }
    made_ = before;
    made_.set_digest = known.set_digest;
  }
  if (failure != nullptr) {
    FetchFailure first = *failure;
    for (const Layer& layer : layers_) {
      first.is_partial = first.is_partial || !layer.failure;
      if (!layer.failure) continue;
      first.retry_after_millis =
          std::max(first.retry_after_millis, layer.failure->retry_after_millis);
    }
    return tl::unexpected<FetchFailure>(std::move(first));
  }
  Fetched same;
  same.not_modified = true;
  return same;
}

std::vector<wire::SyncLine> LayeredUpstream::Merge() {
  conflicts_.clear();
  if (layers_.size() == 1) return std::exchange(layers_.front().lines, {});
  std::map<std::pair<wire::LineKind, std::string_view>,
           std::pair<const Layer*, const wire::SyncLine*>>
      merged;
  for (const Layer& layer : layers_) {
    for (const wire::SyncLine& line : layer.lines) {
      auto& place = merged[{line.kind(), line.key()}];
      if (place.first != nullptr) {
        conflicts_.push_back(
            {line.kind(), std::string(line.key()), layer.named.name, place.first->named.name});
      }
      place = {&layer, &line};
    }
  }
  std::vector<wire::SyncLine> lines;
  lines.reserve(merged.size());
  for (const auto& one : merged) lines.push_back(*one.second.second);
  return lines;
}

}  // namespace pennon::daemon
