// One or several sources as one upstream: what a later source defines wins.
//
// What one source does not answer is taken as it answered last, so nothing is deleted because a
// source is away. When one tells of a change the others are not waited for. A set that lacks a
// source that has not answered yet is only made while there is no set at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/source.h"
#include "daemon/upstream.h"

namespace pennon::daemon {

struct NamedSource {
  std::string name;
  std::unique_ptr<Source> source;
};

/// A definition that several sources have.
struct LayerConflict {
  wire::LineKind kind = wire::LineKind::kFlag;
  std::string key;
  std::string used;    // name of the source whose definition counts
  std::string hidden;  // of the one before it
};

struct LayerState {
  std::string name;
  std::string identity;
  std::size_t definitions = 0;
  std::optional<base::Error> last_error;
};

/// Confined to the control thread.
class LayeredUpstream final : public Upstream {
 public:
  /// `sources` is not empty; the last one is the strongest.
  LayeredUpstream(std::string environment, std::vector<NamedSource> sources,
                  const base::Clock& clock, base::Logger& log);

  void Fetch(const KnownSet& known, std::function<void(FetchResult)> done) override;
  [[nodiscard]] std::string identity() const override {
    return layers_.front().named.source->identity();
  }
  /// Passed on to every source.
  void Watch(const std::function<void()>& changed);

  [[nodiscard]] const std::vector<LayerConflict>& conflicts() const { return conflicts_; }
  [[nodiscard]] std::vector<LayerState> layers() const;

 private:
  struct Layer {
    NamedSource named;
    bool has_answered = false;
    bool is_asked = false;              // and has not answered that yet
    std::vector<wire::SyncLine> lines;  // a lone layer's are not kept: the environment has them
    std::size_t definitions = 0;
    std::string validator;
    std::optional<FetchFailure> failure;  // of the last fetch
  };
  struct Round {
    std::uint64_t number = 0;
    KnownSet known;
    std::function<void(FetchResult)> done;
    std::size_t pending = 0;
    bool changed = false;
  };

  void OnAnswer(std::uint64_t round, Layer& layer, SourceResult result);
  /// With who has answered until now.
  void EndRound();
  void Note(const Layer& layer, const std::vector<model::Diagnostic>& diagnostics);
  [[nodiscard]] const FetchFailure* FirstFailure() const;
  FetchResult Finish();
  std::vector<wire::SyncLine> Merge();

  std::string environment_;
  const base::Clock& clock_;
  base::Logger& log_;
  std::vector<Layer> layers_;
  std::vector<LayerConflict> conflicts_;
  Round round_;
  bool is_changed_late_ = false;  // a source, with an answer after the end of its round
  std::function<void()> changed_;
  wire::SyncHead made_;     // the last set that was made; digest "": none
  std::string own_digest_;  // of the last one that was made and is known: others may be held
};

}  // namespace pennon::daemon
