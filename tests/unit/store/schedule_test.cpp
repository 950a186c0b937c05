// Changes that wait for their time: made once, or noted as failed.
#include "store/scheduler.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

const std::string kConfig = "/api/v1/environments/prod/flags/a";
const std::string kSchedules = "/api/v1/environments/prod/schedules";

struct ScheduleFixture : StoreFixture {
  ScheduleFixture() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  }
  // A change that is due a second from now.
  model::Value Plan(const std::string& change, int status = 201) {
    return Expect(status, "POST", kSchedules,
                  R"({"flag":"a","at":)" + std::to_string(clock.wall + 1000) + R"(,"change":)" +
                      change + '}');
  }
  std::string State(const model::Value& schedule) {
    return Text(Expect(200, "GET", kSchedules + '/' + std::to_string(Number(schedule, "id"))),
                "state");
  }
  bool IsOn() { return *Expect(200, "GET", kConfig).Find("enabled") == model::Value(true); }

  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
};

const std::string kTurnOn = R"({"comment":"launch","instructions":[{"kind":"turnOn"}]})";

TEST_CASE("a scheduled change is made when its time has come, once, also after a restart") {
  ScheduleFixture store;
  const auto planned = store.Plan(kTurnOn);
  RunDueSchedules(*store.ledger, store.log);
  CHECK(!store.IsOn());
  CHECK(store.State(planned) == "pending");
  store.clock.wall += 1000;
  auto restarted = Ledger::Load(store.database, store.clock);
  REQUIRE(restarted);
  RunDueSchedules(**restarted, store.log);
  CHECK(store.IsOn());
  CHECK(store.State(planned) == "applied");
  const auto versions = store.Expect(200, "GET", kConfig + "/versions");
  const model::Value& version = versions.Find("versions")->AsArray()->front();
  CHECK(Text(version, "actor") ==
        "schedule:" + std::to_string(Number(planned, "id")) + " by token:1");
  CHECK(Text(version, "comment") == "launch");
  store.Expect(200, "PATCH", kConfig, R"({"enabled":false})");
  RunDueSchedules(*store.ledger, store.log);
  CHECK(!store.IsOn());
}

TEST_CASE("a cancelled change is not made, and cannot be cancelled twice") {
  ScheduleFixture store;
  const auto planned = store.Plan(R"({"enabled":true})");
  const std::string path = kSchedules + '/' + std::to_string(Number(planned, "id"));
  CHECK(Text(store.Expect(200, "DELETE", path), "state") == "cancelled");
  store.Expect(409, "DELETE", path);
  store.clock.wall += 2000;
  RunDueSchedules(*store.ledger, store.log);
  CHECK(!store.IsOn());
}

TEST_CASE(
    "a change that could not be made now is refused, one that cannot be made then has failed") {
  ScheduleFixture store;
  CHECK(Text(store.Plan(R"({"offVariant":"x"})", 422), "pointer") == "change.offVariant");
  CHECK(Text(store.Plan(R"({"instructions":[{"kind":"removeRule","id":"r"}]})", 422), "pointer") ==
        "change.instructions[0].id");
  store.Expect(422, "POST", kSchedules, R"({"flag":"a","at":"2001-01-01T00:00:00Z","change":{}})");
  store.Expect(404, "POST", kSchedules, R"({"flag":"b","at":"2101-01-01T00:00:00Z","change":{}})");
  const auto planned = store.Plan(R"({"offVariant":"off"})");
  store.Expect(200, "PUT", "/api/v1/flags/a",
               R"({"type":"boolean","variants":[{"key":"on","value":true}]})");
  store.clock.wall += 1000;
  RunDueSchedules(*store.ledger, store.log);
  CHECK(store.State(planned) == "failed");
  CHECK(Text(store.Expect(200, "GET", kSchedules).Find("schedules")->AsArray()->front(), "outcome")
            .find("offVariant") != std::string::npos);
}

TEST_CASE("of two stores that find a change due one makes it") {
  ScheduleFixture store;
  store.Plan(R"({"enabled":true})");
  store.clock.wall += 1000;
  auto other = Ledger::Load(store.database, store.clock);
  REQUIRE(other);
  RunDueSchedules(*store.ledger, store.log);
  RunDueSchedules(**other, store.log);
  CHECK(store.Expect(200, "GET", kConfig + "/versions").Find("versions")->AsArray()->size() == 1);
}

}  // namespace
}  // namespace pennon::store
