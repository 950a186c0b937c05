#include "daemon/change_feed.h"

#include <doctest/doctest.h>

#include "engine/compile.h"
#include "wire/native_document.h"

namespace pennon::daemon {
namespace {

struct Told final : serving::Subscriber {
  [[nodiscard]] bool is_open() const override { return open; }
  void Tell(const serving::Change& change) override {
    told.push_back(change.revision);
    keys = change.keys == nullptr ? std::vector<std::string>{"*"} : *change.keys;
  }
  void Beat(const serving::Change&) override { ++beats; }
  void End() override { ended = true; }
  std::vector<std::uint64_t> told;
  std::vector<std::string> keys;
  int beats = 0;
  bool open = true;
  bool ended = false;
};

std::shared_ptr<const serving::Published> SetOf(std::uint64_t revision) {
  const auto set = wire::ReadNativeDocument(R"({"environment":"e","revision":)" +
                                            std::to_string(revision) + R"(,"flags":{}})");
  REQUIRE(set.has_value());
  auto published = std::make_shared<serving::Published>();
  published->environment = "e";
  published->image = *serving::AttachedImage::Make(engine::Compile(*set)->image);
  return published;
}

struct Feed {
  std::shared_ptr<Told> Subscribe(const std::string& known, bool tell_always = false) {
    auto told = std::make_shared<Told>();
    feed.Subscribe("e", known, tell_always, told);
    return told;
  }
  void PublishEverywhere(const std::shared_ptr<const serving::Published>& published) {
    feed.OnPublished(0, published);
    feed.OnPublished(1, published);
  }
  net::ControlLoop control;
  ChangeFeed feed{control, 2};
};

}  // namespace

TEST_CASE_FIXTURE(Feed, "a change is told when the last worker answers from it, and once") {
  PublishEverywhere(SetOf(1));
  const auto told = Subscribe(SetOf(1)->image->version());
  auto end = control.After(ChangeFeed::kCoalesceMillis * 3, [&] { control.Stop(); });
  const auto second = SetOf(2);
  feed.OnPublished(1, second);
  auto later = control.After(ChangeFeed::kCoalesceMillis * 2, [&] {
    CHECK(told->told.empty());
    feed.OnPublished(0, second);
    CHECK(told->told == std::vector<std::uint64_t>{2});
    PublishEverywhere(SetOf(2));  // confirmed again: nothing new
  });
  control.Run();
  CHECK(told->told.size() == 1);
}

TEST_CASE_FIXTURE(Feed, "that all answers may be others is told though the version stays") {
  PublishEverywhere(SetOf(1));
  const auto told = Subscribe(SetOf(1)->image->version());
  auto end = control.After(ChangeFeed::kCoalesceMillis * 3, [&] { control.Stop(); });
  auto later = control.After(ChangeFeed::kCoalesceMillis * 2, [&] { feed.TellAll(); });
  control.Run();
  CHECK(told->told == std::vector<std::uint64_t>{1});
  CHECK(told->keys == std::vector<std::string>{"*"});
}

TEST_CASE_FIXTURE(Feed, "many changes in a row are told as the newest") {
  const auto told = Subscribe("", true);
  auto end = control.After(ChangeFeed::kCoalesceMillis * 3, [&] { control.Stop(); });
  for (std::uint64_t revision = 1; revision <= 50; ++revision) PublishEverywhere(SetOf(revision));
  control.Run();
  CHECK(told->told == std::vector<std::uint64_t>{1, 50});
}

TEST_CASE_FIXTURE(Feed, "the flags of changes that are told as one are told together") {
  const auto next = [](std::uint64_t revision, const std::string& from,
                       std::vector<std::string> keys) {
    auto published = std::make_shared<serving::Published>(*SetOf(revision));
    published->difference =
        std::make_shared<serving::SetDifference>(serving::SetDifference{from, std::move(keys)});
    return published;
  };
  const auto version = [](std::uint64_t revision) { return SetOf(revision)->image->version(); };
  PublishEverywhere(SetOf(1));
  const auto told = Subscribe("");
  const auto second = [&] {
    PublishEverywhere(next(2, version(1), {"b", "c"}));
    CHECK(told->told.empty());
    PublishEverywhere(next(3, version(2), {"a", "b"}));
  };
  second();
  auto fourth = control.After(ChangeFeed::kCoalesceMillis * 3, [&] {
    CHECK(told->told == std::vector<std::uint64_t>{3});
    CHECK(told->keys == std::vector<std::string>{"a", "b", "c"});
    PublishEverywhere(next(4, version(3), {"d"}));
    CHECK(told->keys == std::vector<std::string>{"d"});
    PublishEverywhere(next(5, version(2), {"e"}));  // not from what is in force
  });
  auto end = control.After(ChangeFeed::kCoalesceMillis * 6, [&] { control.Stop(); });
  control.Run();
  CHECK(told->told == std::vector<std::uint64_t>{3, 4, 5});
  CHECK(told->keys == std::vector<std::string>{"*"});
}

TEST_CASE_FIXTURE(Feed, "who comes back hears what it has missed, and nothing when it has not") {
  const auto now = SetOf(7);
  PublishEverywhere(now);
  CHECK(Subscribe(now->image->version())->told.empty());
  CHECK(Subscribe("")->told.empty());
  CHECK(Subscribe("0.6-1")->told == std::vector<std::uint64_t>{7});
  const auto current = Subscribe(now->image->version(), true);
  CHECK(current->told.empty());
  CHECK(current->beats == 1);
  CHECK(Subscribe("", true)->told == std::vector<std::uint64_t>{7});
}

TEST_CASE_FIXTURE(Feed, "closed subscribers are dropped, and the end is told to all that come") {
  const auto gone = Subscribe("");
  const auto here = Subscribe("");
  CHECK(feed.size() == 2);
  gone->open = false;
  PublishEverywhere(SetOf(1));
  CHECK(gone->told.empty());
  CHECK(feed.size() == 1);
  feed.End();
  CHECK(here->ended);
  CHECK_FALSE(gone->ended);
  CHECK(Subscribe("")->ended);
}

}  // namespace pennon::daemon
