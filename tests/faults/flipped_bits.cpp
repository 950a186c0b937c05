// Flips one bit after the other in the cache of a daemon's environment, loads it each time as a
// start does, and compares every answer with those of the revision that it says it has.
// flipped_bits FOLDER file|log image|lines FLIPS SEED: `log` is of a cache whose sets are all in
// the log still; with `lines` only the definitions are kept, without the image that is made of
// them. Prints what became of the flips; 1 when an answer was altered.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "daemon/environment.h"
#include "wire/evaluation_json.h"
#include "wire/json.h"

namespace {

using namespace pennon;
using Files = std::map<std::string, std::string>;  // of a folder: name -> content

constexpr std::uint64_t kRevisions = 3;
constexpr int kFlags = 20;
constexpr std::int64_t kTimeForAnImageMillis = 61'000;
constexpr const char* kName = "cache.db";

class StillClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallMillis Wall() const override { return now; }
  [[nodiscard]] base::SteadyMillis Steady() const override { return now; }
  std::int64_t now = 1'000'000;
};

[[noreturn]] void Stop(const std::string& why) {
  std::fprintf(stderr, "flipped_bits: %s\n", why.c_str());
  std::exit(2);
}

template <typename T>
T Need(base::Result<T> result, const char* what) {
  if (result) return *std::move(result);
  Stop(what + (": " + result.error().Message()));
}
void Need(const base::Result<void>& result, const char* what) {
  (void)Need(result ? base::Result<bool>(true) : base::Fail(result.error()), what);
}

wire::SyncDocument SetOf(std::uint64_t revision) {
  const std::string number = std::to_string(revision);
  std::vector<wire::SyncLine> lines;
  const auto add = [&](wire::LineKind kind, const std::string& key, const std::string& text) {
    lines.push_back(wire::MakeSyncLine(kind, key, *wire::ReadJson(text)->AsObject()));
  };
  for (int i = 0; i < kFlags; ++i) {
    add(wire::LineKind::kFlag, "flag-" + std::to_string(100 + i),
        R"({"type":"string","variants":[{"key":"plain","value":"plain of )" + number +
            R"("},{"key":"sale","value":"sale of )" + number +
            R"("}],"rules":[{"id":"nordic","when":{"all":[{"segment":"beta"},{"attr":"country",)"
            R"("op":"in","values":["NO","SE"]}]},"serve":{"variant":"sale"}}],"default":{"split":)"
            R"({"weights":[{"variant":"plain","weight":)" +
            number + R"(},{"variant":"sale","weight":5}]}},"salt":"salt-)" + std::to_string(i) +
            "\"}");
  }
  add(wire::LineKind::kSegment, "beta",
      R"({"when":{"attr":"mail","op":"endsWith","values":["@example.org"]}})");
  wire::SyncHead head;
  head.environment = "production";
  head.epoch = 1;
  head.revision = revision;
  return Need(wire::ReadSyncDocument(WriteSyncDocument(head, lines)), "the flag set");
}

/// An environment as a daemon has it, from its start to its end, with one worker that answers.
class Start {
 public:
  Start(const std::string& folder, StillClock& clock) : clock_(clock), service_(clock) {
    config_.environment = "production";
    config_.cache_path = folder + '/' + kName;
    pool_.Start();
    environment_.emplace(config_, clock, log_, publisher_);
    Need(environment_->Start(), "the start");
  }

  daemon::Environment& environment() { return *environment_; }

  void Apply(std::uint64_t revision, bool keeps_image) {
    Need(environment_->Apply(SetOf(revision), "\"tag\""), "the set");
    if (!environment_->state().diagnostics.empty()) Stop("a definition is wrong");
    WaitForDisk();
    if (!keeps_image) return;
    clock_.now += kTimeForAnImageMillis;
    environment_->EverySecond();
    WaitForDisk();
  }

  /// All answers to several users, as text; nullopt: there is no flag set.
  std::optional<std::string> Answers() {
    std::promise<std::optional<std::string>> done;
    pool_.Post(0, [&] { done.set_value(Evaluate()); });
    return done.get_future().get();
  }

 private:
  void WaitForDisk() {
    Need(environment_->cache()->Run([](daemon::Cache&) { return base::Result<void>(); }), "a disk");
  }

  std::optional<std::string> Evaluate() {
    const auto reading = service_.Read("production");
    if (!reading || reading->published->image == nullptr) return std::nullopt;
    std::string out;
    for (const std::string user : {"user-1", "user-2", "user-3"}) {
      const std::string mail = user + "@example.org";
      model::Context context;
      context.AddString("targetingKey", user);
      context.AddString("country", user == "user-1" ? "NO" : "DK");
      context.AddString("mail", mail);
      for (const std::string_view key : service_.Keys(*reading)) {
        out += key;
        wire::AppendEvaluationEntry(out, service_.Evaluate(*reading, key, context).evaluation, "",
                                    "");
      }
    }
    return out;
  }

  StillClock& clock_;
  daemon::DaemonConfig config_;
  base::Logger log_{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  serving::EvaluationService service_;
  net::WorkerPool pool_{1};
  daemon::Publisher publisher_{pool_, {&service_}};
  std::optional<daemon::Environment> environment_;
};

Files Read(const std::string& folder) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
  }
  return files;
}

void Write(const std::string& folder, const Files& files) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::filesystem::remove(entry.path());
  }
  for (const auto& [name, content] : files) {
    std::ofstream(folder + '/' + name, std::ios::binary) << content;
  }
}

struct Cached {
  Files files;
  std::map<std::uint64_t, std::string> answers;  // by revision
};

Cached Fill(const std::string& folder, bool is_log, bool keeps_image, StillClock& clock) {
  Cached cached;
  Write(folder, {});
  {
    Start start(folder, clock);
    for (std::uint64_t revision = 1; revision <= kRevisions; ++revision) {
      start.Apply(revision, keeps_image);
      cached.answers[revision] = start.Answers().value();
    }
    if (is_log) cached.files = Read(folder);
  }
  if (!is_log) cached.files = Read(folder);
  return cached;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const std::string folder = argv[1];
  const bool is_log = std::string_view(argv[2]) == "log";
  const bool keeps_image = std::string_view(argv[3]) == "image";
  const long flips = std::atol(argv[4]);
  std::mt19937_64 random(std::strtoull(argv[5], nullptr, 10));
  StillClock clock;
  const Cached cached = Fill(folder, is_log, keeps_image, clock);
  const std::string name = std::string(kName) + (is_log ? "-wal" : "");
  const auto target = cached.files.find(name);
  if (target == cached.files.end() || target->second.empty()) {
    Stop("there is no " + name);
  }
  Write(folder, cached.files);
  if (Start(folder, clock).environment().state().revision != kRevisions) {
    Stop("without a flip the newest is not served");
  }
  std::map<std::uint64_t, long> served;  // by revision; 0: none
  long altered = 0;
  for (long i = 0; i < flips; ++i) {
    Files damaged = cached.files;
    const std::size_t place = random() % target->second.size();
    damaged[name][place] = static_cast<char>(damaged[name][place] ^ (1 << (random() % 8)));
    Write(folder, damaged);
    Start start(folder, clock);
    const auto answers = start.Answers();
    const std::uint64_t revision = answers ? start.environment().state().revision : 0;
    ++served[revision];
    const auto truth = cached.answers.find(revision);
    if (answers && (truth == cached.answers.end() || truth->second != *answers)) {
      ++altered;
      std::printf("altered by byte %zu of %s: revision %llu: %s\n", place, name.c_str(),
                  static_cast<unsigned long long>(revision), answers->c_str());
    }
  }
  std::printf(
      "    %ld flipped bits in %zu bytes of %s (%s): %ld served the newest, %ld an older one, ",
      flips, target->second.size(), name.c_str(), argv[3], served[kRevisions],
      flips - served[kRevisions] - served[0]);
  std::printf("%ld none; %ld altered\n", served[0], altered);
  return altered == 0 ? 0 : 1;
}
