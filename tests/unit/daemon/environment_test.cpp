// From documents to what is in force: what is taken, what is held back, what is refused.
#include "base/ed25519.h"
#include "tests/unit/daemon/environment_fixture.h"

namespace pennon::daemon {

TEST_CASE_FIXTURE(EnvironmentFixture, "a delta gives the same set as the full one") {
  CHECK(environment->known().since.empty());
  REQUIRE(Apply(Full(1, Flags(30))));
  CHECK(environment->known().since == "1.1");
  auto lines = Flags(30);
  lines[3] = Flag(lines[3].key(), 7);
  lines.erase(lines.begin() + 5);
  lines.push_back(Flag("g", 2));
  REQUIRE(Apply(Delta(1, 4, {lines[3], lines.back()}, {{LineKind::kFlag, "f1005"}}, lines)));
  CHECK(revision() == 4);
  CHECK(environment->state().flags == 30);
  CHECK(environment->known().since == "1.4");
  Restart();
  CHECK(revision() == 4);
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "deltas of one flag follow each other") {
  auto lines = Flags(30);
  REQUIRE(Apply(Full(1, lines)));
  for (int i = 2; i < 40; ++i) {
    lines[7] = Flag(lines[7].key(), i);
    const auto number = static_cast<std::uint64_t>(i);
    REQUIRE(Apply(Delta(number - 1, number, {lines[7]}, {}, lines)));
    CHECK(revision() == number);
  }
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "after a delta that does not fit the full set is asked for") {
  REQUIRE(Apply(Full(2, Flags(3))));
  SUBCASE("from another revision") {
    const auto refused = Apply(Delta(1, 3, {Flag("g", 1)}, {}, Flags(3)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == base::ErrorCode::kConflict);
  }
  SUBCASE("that gives another set than it says") {
    const auto refused = Apply(Delta(2, 3, {Flag("g", 1)}, {}, Flags(3)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == base::ErrorCode::kConflict);
  }
  CHECK(revision() == 2);
  CHECK(environment->known().since.empty());
  REQUIRE(Apply(Full(3, Flags(3, 9))));
  CHECK(environment->known().since == "1.3");
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a full set that is the one in force is enough for deltas") {
  REQUIRE(Apply(Full(2, Flags(3))));
  CHECK_FALSE(Apply(Delta(1, 3, {Flag("g", 1)}, {}, Flags(3))));
  REQUIRE(Apply(Full(2, Flags(3))));
  CHECK(environment->known().since == "1.2");
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "epochs and revisions never fall, and one revision has one content") {
  REQUIRE(Apply(Full(5, Flags(3), 2)));
  CHECK_FALSE(Apply(Full(9, Flags(3), 1)));
  CHECK_FALSE(Apply(Full(4, Flags(3), 2)));
  CHECK_FALSE(Apply(Full(5, Flags(3, 8), 2)));
  CHECK(Apply(Full(5, Flags(3), 2)));
  CHECK(Apply(Full(1, Flags(3, 8), 3)));
  CHECK(environment->state().epoch == 3);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "an older epoch is held back until it is accepted, and is followed then") {
  constexpr std::uint64_t kLie = 1ULL << 62U;
  REQUIRE(Apply(Full(1, Flags(3, 7), kLie)));
  const auto refused = Apply(Full(9, Flags(3), 2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == base::ErrorCode::kForbidden);
  CHECK(environment->state().epoch == kLie);
  CHECK(environment->state().held == "2.9");
  REQUIRE(environment->Accept("2.9"));
  CHECK(environment->state().epoch == 2);
  CHECK(environment->state().held.empty());
  CHECK_FALSE(environment->state().refused);
  REQUIRE(Apply(Full(10, Flags(3, 8), 2)));
  Restart();
  CHECK(environment->state().epoch == 2);
  CHECK(revision() == 10);
  CHECK_FALSE(Apply(Full(9, Flags(3), 2)));
  CHECK(environment->state().held.empty());  // within an epoch nothing old is offered
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "an older epoch without flags says both, and is named whole") {
  REQUIRE(Apply(Full(9, Flags(3), 2)));
  const auto refused = Apply(Full(9, {}, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().Message().find("older than what is here") != std::string::npos);
  CHECK(refused.error().Message().find("lacks 3 of 3 flags") != std::string::npos);
  CHECK_FALSE(environment->Accept("9"));
  CHECK(environment->state().held == "1.9");
  REQUIRE(environment->Accept("1.9"));
  CHECK(environment->state().epoch == 1);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "that the stream lives takes back no set that is held back") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE_FALSE(Apply(Full(2, {})));
  clock.now += 3'000;
  environment->Refresh();
  CHECK(environment->state().age_millis == 0);
  CHECK(environment->state().held == "1.2");
  CHECK(environment->state().refused);
  environment->Confirm();
  CHECK(environment->state().held.empty());
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a sharply smaller set is held back until it is accepted") {
  REQUIRE(Apply(Full(1, Flags(60))));
  CHECK(Apply(Full(2, Flags(48))));  // a fifth
  const auto refused = Apply(Full(3, Flags(37)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == base::ErrorCode::kForbidden);
  CHECK(revision() == 2);
  CHECK(environment->state().held == "1.3");
  CHECK_FALSE(environment->Accept("4"));
  const auto accepted = environment->Accept("3");
  REQUIRE(accepted);
  CHECK(*accepted ==
        R"({"environment":"production","serving":"1.3","newest":"1.3","pinned":false,"held":""})");
  CHECK(environment->state().flags == 37);
  CHECK_FALSE(environment->Accept(""));
  Restart();
  CHECK(environment->state().flags == 37);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "ten flags may go unannounced, not eleven of few") {
  REQUIRE(Apply(Full(1, Flags(12))));
  CHECK_FALSE(Apply(Full(2, Flags(1))));
  CHECK(Apply(Full(3, Flags(2))));
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "an empty set is held back, and let go when a better one comes") {
  REQUIRE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(Full(2, {})));
  CHECK(environment->state().flags == 2);
  CHECK(Apply(Full(3, Flags(2, 5))));
  CHECK(environment->state().held.empty());
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a declared delete is applied, even of the last flag") {
  REQUIRE(Apply(Full(1, Flags(1))));
  REQUIRE(Apply(Delta(1, 2, {}, {{LineKind::kFlag, "f1000"}}, {})));
  CHECK(environment->state().flags == 0);
  Restart();
  CHECK(environment->state().flags == 0);
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "only sets that are signed by the configured key count") {
  const auto signer = base::Ed25519Signer::Generate();
  const auto other = base::Ed25519Signer::Generate();
  const auto signed_by = [](SyncDocument document, const base::Ed25519Signer& by) {
    document.head.signature = by.Sign(SignedText(document.head));
    return document;
  };
  REQUIRE(Apply(Full(1, Flags(2))));
  config.upstream_public_key_file = dir.Write("key.pem", signer.PublicPem());
  Restart();
  CHECK_FALSE(environment->state().ready);  // the cached one is not signed
  CHECK_FALSE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(signed_by(Full(1, Flags(2)), other)));
  auto moved = signed_by(Full(1, Flags(2)), signer);
  moved.head.revision = 2;
  CHECK_FALSE(Apply(moved));
  CHECK(Apply(signed_by(Full(2, Flags(2)), signer)));
  CHECK_FALSE(Apply(Full(9, Flags(2), 0)));
  CHECK(environment->state().held.empty());  // what nobody signed is not offered, either
  CHECK_FALSE(Apply(signed_by(Full(9, Flags(2), 0), signer)));
  CHECK(environment->state().held == "0.9");
  auto lines = Flags(2);
  lines.push_back(Flag("g", 1));
  CHECK_FALSE(Apply(Delta(2, 3, {lines[2]}, {}, lines)));
  CHECK(Apply(signed_by(Delta(2, 3, {lines[2]}, {}, lines), signer)));
  Restart();
  CHECK(revision() == 3);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a set that the upstream takes back is not held any more") {
  REQUIRE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(Full(2, {})));
  environment->Confirm();
  CHECK(environment->state().held.empty());
  CHECK_FALSE(environment->Accept(""));
  CHECK(environment->state().flags == 2);
}

}  // namespace pennon::daemon
