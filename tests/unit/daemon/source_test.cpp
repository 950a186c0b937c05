// Documents of any format as flag sets, sources in layers, and what an Unleash server is told.
#include <doctest/doctest.h>

#include <fstream>

#include "daemon/http_source.h"
#include "daemon/layered_upstream.h"
#include "daemon/translated_set.h"
#include "daemon/unleash_report.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_clock.h"

namespace pennon::daemon {
namespace {

using test::TestClock;
using wire::LineKind;
using wire::SyncLine;

SyncLine Line(const std::string& key, int value) {
  return MakeSyncLine(LineKind::kFlag, key, {{"value", value}});
}

// Answers at once with what the test has put there.
class FakeSource final : public Source {
 public:
  void Fetch(const std::string& validator, std::function<void(SourceResult)> done) override {
    asked_with = validator;
    ++asked;
    if (is_silent) {
      late = [this, validator, done = std::move(done)] {
        is_silent = false;
        --asked;
        Fetch(validator, done);
      };
      return;
    }
    if (is_away) {
      return done(
          tl::unexpected<FetchFailure>({base::Error::Unavailable("there", "away"), 0, false}));
    }
    if (validator == tag) return done(SourceSet{true, {}, "", {}});
    done(SourceSet{false, lines, tag, {}});
  }
  void Watch(std::function<void()> told) override { changed = std::move(told); }
  [[nodiscard]] std::string identity() const override { return "there"; }

  std::vector<SyncLine> lines;
  std::string tag = "1";
  std::string asked_with;
  bool is_away = false;
  bool is_silent = false;
  std::function<void()> late;  // gives the answer that a silent one has not given
  std::function<void()> changed;
  int asked = 0;
};

struct Layers {
  explicit Layers(std::size_t count) {
    std::vector<NamedSource> sources;
    for (std::size_t i = 0; i < count; ++i) {
      auto source = std::make_unique<FakeSource>();
      fakes.push_back(source.get());
      sources.push_back({"s" + std::to_string(i), std::move(source)});
    }
    upstream.emplace("production", std::move(sources), clock, log);
  }
  FetchResult Fetch() {
    FetchResult answer;
    upstream->Fetch(known, [&](FetchResult result) { answer = std::move(result); });
    return answer;
  }
  // Fetches, and takes what came as the set that is known from now on.
  std::vector<SyncLine> Take() {
    auto answer = Fetch();
    REQUIRE(answer);
    REQUIRE_FALSE(answer->not_modified);
    const auto& head = answer->document.head;
    CHECK(head.revision > known.revision);
    known = {"", "1", head.epoch, head.revision, head.set_digest};
    return answer->document.lines;
  }

  TestClock clock;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  std::vector<FakeSource*> fakes;
  std::optional<LayeredUpstream> upstream;
  KnownSet known;
};

}  // namespace

TEST_CASE("documents of each format become lines, unreadable definitions become quarantined ones") {
  const auto set = TranslateSet(
      R"({"flags":{"a":{"state":"ENABLED","variants":{"v":1},"defaultVariant":"v"},"odd":7}})",
      {wire::DocumentFormat::kFlagd, "production"});
  REQUIRE(set);
  const auto document = PlaceInHistory("production", set->lines, {}, 5);
  CHECK(document.head.flags == 2);
  // As a store would have sent it.
  const auto again = wire::ReadSyncDocument(WriteSyncDocument(document.head, document.lines));
  REQUIRE(again);
  CHECK(again->head.set_digest == document.head.set_digest);
  const model::FlagSet read = ReadDefinitions(again->head, again->lines);
  CHECK(read.flags.size() == 1);
  REQUIRE(read.broken_flags.size() == 1);
  CHECK(read.broken_flags[0].key == "odd");
  CHECK(read.broken_flags[0].error.Message().find("unreadable") == std::string::npos);
}

TEST_CASE("a native document of another environment and half a document are refused") {
  const wire::DocumentOptions options{wire::DocumentFormat::kNative, "production"};
  CHECK(TranslateSet(R"({"environment":"production","flags":{}})", options));
  CHECK_FALSE(TranslateSet(R"({"environment":"staging","flags":{}})", options));
  CHECK_FALSE(TranslateSet(R"({"environment":"production","flags":{)", options));
  CHECK_FALSE(TranslateSet("", options));
}

TEST_CASE("places in history never fall and are the same for the same content") {
  const auto first = PlaceInHistory("e", {Line("a", 1)}, {}, 1000).head;
  CHECK(first.epoch == 1000);
  CHECK(PlaceInHistory("e", {Line("a", 1)}, first, 2000).head.revision == first.revision);
  const auto second = PlaceInHistory("e", {Line("a", 2)}, first, 10).head;  // the clock fell
  CHECK(second.epoch == first.epoch);
  CHECK(second.revision == first.revision + 1);
  CHECK(PlaceInHistory("e", {}, second, 5000).head.revision == 5000);
}

TEST_CASE(
    "one source: its tag goes with the next fetch, unless what it stood for is not in force") {
  Layers layers(1);
  layers.fakes[0]->lines = {Line("a", 1)};
  CHECK(layers.Take().size() == 1);
  REQUIRE(layers.Fetch());
  CHECK(layers.fakes[0]->asked_with == "1");
  CHECK(layers.Fetch()->not_modified);
  layers.fakes[0]->lines = {Line("a", 2)};
  layers.fakes[0]->tag = "2";
  const auto refused = layers.Fetch();  // and nobody takes it
  const auto offered = layers.Fetch();
  CHECK(layers.fakes[0]->asked_with.empty());
  CHECK(offered->document.head.revision == refused->document.head.revision);
  layers.fakes[0]->lines = {Line("a", 1)};  // taken back
  layers.fakes[0]->tag = "3";
  CHECK(layers.Fetch()->not_modified);
  layers.fakes[0]->lines = {Line("a", 3)};
  layers.fakes[0]->tag = "4";
  CHECK(layers.Fetch()->document.head.revision > refused->document.head.revision);
}

TEST_CASE("of several sources the later wins, and what it hides is listed") {
  Layers layers(2);
  layers.fakes[0]->lines = {Line("a", 1), Line("b", 1)};
  layers.fakes[1]->lines = {Line("b", 2), Line("c", 2)};
  const auto lines = layers.Take();
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].bytes() == Line("b", 2).bytes());
  REQUIRE(layers.upstream->conflicts().size() == 1);
  CHECK(layers.upstream->conflicts()[0].used == "s1");
  CHECK(layers.upstream->conflicts()[0].hidden == "s0");
  CHECK(layers.Fetch()->not_modified);
}

TEST_CASE("a source that is away takes nothing away, and is told of") {
  Layers layers(2);
  layers.fakes[0]->lines = {Line("a", 1)};
  layers.fakes[1]->is_away = true;
  CHECK(layers.Take().size() == 1);  // better than nothing
  CHECK(layers.Fetch().error().is_partial);
  layers.fakes[0]->is_away = true;
  CHECK_FALSE(layers.Fetch().error().is_partial);
  layers.fakes[0]->is_away = false;
  layers.fakes[1]->is_away = false;
  layers.fakes[1]->lines = {Line("b", 1)};
  CHECK(layers.Take().size() == 2);
  layers.fakes[1]->is_away = true;
  CHECK_FALSE(layers.Fetch());
  layers.fakes[0]->lines = {Line("a", 2)};
  layers.fakes[0]->tag = "2";
  CHECK(layers.Take().size() == 2);
  CHECK_FALSE(layers.Fetch());
}

TEST_CASE("while a set is there, none is made that lacks a source that has not answered") {
  Layers layers(2);
  layers.known = {"", "1", 1, 1, "digest of the cached set"};
  layers.fakes[0]->lines = {Line("a", 1)};
  layers.fakes[1]->is_away = true;
  CHECK_FALSE(layers.Fetch());
  layers.fakes[1]->is_away = false;
  CHECK(layers.Take().size() == 1);
}

TEST_CASE("a set that is held does not end the following while a source has never answered") {
  Layers layers(2);
  layers.fakes[0]->lines = {Line("a", 1)};
  layers.fakes[1]->is_away = true;
  layers.Take();
  layers.fakes[0]->lines = {};
  layers.fakes[0]->tag = "2";
  REQUIRE(layers.Fetch());  // is not taken
  layers.fakes[0]->lines = {Line("a", 3)};
  layers.fakes[0]->tag = "3";
  CHECK(layers.Take().front().bytes() == Line("a", 3).bytes());
}

TEST_CASE("a change that a source tells of does not wait for one that is silent") {
  Layers layers(2);
  layers.fakes[0]->lines = {Line("a", 1)};
  layers.fakes[1]->lines = {Line("b", 1)};
  int changes = 0;
  layers.upstream->Watch([&] { ++changes; });
  layers.Take();
  layers.fakes[0]->is_silent = true;
  bool is_answered = false;
  layers.upstream->Fetch(layers.known, [&](FetchResult result) {
    is_answered = true;
    CHECK_FALSE(result);
  });
  CHECK_FALSE(is_answered);
  layers.fakes[1]->lines = {Line("b", 2)};
  layers.fakes[1]->tag = "2";
  layers.fakes[1]->changed();
  CHECK(is_answered);
  CHECK(changes == 1);
  const int asked = layers.fakes[0]->asked;
  auto lines = layers.Take();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].bytes() == Line("a", 1).bytes());
  CHECK(lines[1].bytes() == Line("b", 2).bytes());
  CHECK_FALSE(layers.Fetch());  // nobody knows whether the silent one has changed
  CHECK(layers.fakes[0]->asked == asked);
  layers.fakes[0]->lines = {Line("a", 2)};
  layers.fakes[0]->tag = "2";
  layers.fakes[0]->late();
  CHECK(changes == 2);
  CHECK(layers.Take()[0].bytes() == Line("a", 2).bytes());
  CHECK(layers.Fetch()->not_modified);
}

TEST_CASE("usage is told to Unleash as on, off and variants") {
  ClosedBatch batch;
  batch.counts =
      R"([{"flag":"a","variant":"enabled","evaluations":2},{"flag":"a","variant":"disabled",)"
      R"("evaluations":1},{"flag":"b","variant":"blue","evaluations":4},)"
      R"({"flag":"b","variant":"","evaluations":3}])";
  CHECK(UnleashToggles(batch) ==
        R"({"a":{"yes":2,"no":1,"variants":{}},"b":{"yes":4,"no":3,"variants":{"blue":4}}})");
}

TEST_CASE("the files of sources and environments are read, inherit timings, and are checked") {
  test::TempDir dir;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(dir.File(name)) << text;
    return '"' + dir.File(name) + '"';
  };
  DaemonConfig config;
  config.environment = "production";
  config.cache_path = dir.File("cache.db");
  config.poll_interval.millis = 1234;
  config.upstream_kind = "file";
  config.upstream_file = "flags.json";
  config.source_files["local"] = write("l.yaml", "upstream: {kind: flagd, url: http://h/f}\n");
  config.environment_files["staging"] =
      write("s.yaml", "upstream: {file: staging.json}\ndefaults: {x: true}\n");
  const auto read = ReadParts(config);
  REQUIRE(read);
  REQUIRE(config.sources.size() == 1);
  CHECK(config.sources[0].upstream_kind == "flagd");
  CHECK(config.sources[0].poll_interval.millis == 1234);
  REQUIRE(config.environments.size() == 1);
  CHECK(config.environments[0].environment == "staging");
  CHECK(config.environments[0].cache_path == dir.File("cache-staging.db"));
  CHECK(config.environments[0].sources.empty());
  CHECK(ValidateConfig(config));

  config.source_files["bad"] = write("b.yaml", "upstream: {kind: ftp}\n");
  CHECK(ReadParts(config).error().Message().find("b.yaml") != std::string::npos);
  config.source_files["bad"] = write("b.yaml", "workers: 3\n");
  CHECK(ReadParts(config).error().Message().find("b.yaml:1") != std::string::npos);
  config.source_files["bad"] = "17";
  CHECK(ReadParts(config).error().Message().find("sources.bad") == 0);
  config.source_files.erase("bad");
  config.environment_files["test"] =
      write("t.yaml", "cache: {path: " + dir.File("x") + "/../cache.db}\n");
  CHECK(ReadParts(config).error().Message() ==
        "environments.test: has the same cache.path as \"production\"");
  config.environment_files["test"] =
      write("t.yaml", "cache: {path: " + dir.File("cache-staging.db") + "}\n");
  CHECK(ReadParts(config).error().Message() ==
        "environments.test: has the same cache.path as \"staging\"");
  config.environment_files.erase("test");
  config.environment_files["a/b"] = config.environment_files["staging"];
  CHECK(ReadParts(config).error().Message().find("environments.a/b") == 0);
}

}  // namespace pennon::daemon
