#include "base/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock_file.h"
#include "tests/support/temp_dir.h"

namespace pennon::base {

TEST_CASE("a file is read up to its limit and refused beyond") {
  const test::TempDir dir;
  const std::string path = dir.Write("f", "12345");
  CHECK(*ReadFile(path, 5) == "12345");
  const auto refused = ReadFile(path, 4);
  REQUIRE(!refused);
  CHECK(refused.error().code() == ErrorCode::kLimit);
  CHECK(refused.error().where() == path);
}

TEST_CASE("what is no regular file is refused, and nothing is waited for") {
  const test::TempDir dir;
  CHECK(ReadFile(dir.File("none"), 10).error().code() == ErrorCode::kNotFound);
  REQUIRE(::mkfifo(dir.File("fifo").c_str(), 0600) == 0);
  CHECK(ReadFile(dir.File("fifo"), 10).error().code() == ErrorCode::kInvalid);
  CHECK(ReadFile(dir.File("."), 10).error().code() == ErrorCode::kInvalid);
}

TEST_CASE("a secret is one word of a file that others cannot read") {
  const test::TempDir dir;
  const std::string path = dir.Write("key", "\n  s3cr3t \nmore\n");
  ::chmod(path.c_str(), 0600);
  CHECK(*ReadSecret(path) == "s3cr3t");
  ::chmod(path.c_str(), 0604);
  const auto refused = ReadSecret(path);
  REQUIRE(!refused);
  CHECK(refused.error().code() == ErrorCode::kForbidden);
  CHECK(refused.error().Message().find("s3cr3t") == std::string::npos);
  const std::string empty = dir.Write("empty", " \n");
  ::chmod(empty.c_str(), 0600);
  CHECK(!ReadSecret(empty));
}

TEST_CASE("a whole file with a secret is refused when others can read it") {
  const test::TempDir dir;
  const std::string path = dir.Write("key.pem", "one\ntwo\n");
  ::chmod(path.c_str(), 0640);
  CHECK(*ReadSecretFile(path, 10) == "one\ntwo\n");
  CHECK(ReadSecretFile(path, 7).error().code() == ErrorCode::kLimit);
  ::chmod(path.c_str(), 0644);
  CHECK(ReadSecretFile(path, 10).error().code() == ErrorCode::kForbidden);
}

TEST_CASE("a lock has one owner, and the loser learns who it is") {
  const test::TempDir dir;
  auto first = LockFile::Acquire(dir.File("lock"));
  REQUIRE(first);
  const auto second = LockFile::Acquire(dir.File("lock"));
  REQUIRE(!second);
  CHECK(second.error().code() == ErrorCode::kConflict);
  CHECK(second.error().what().find(std::to_string(::getpid())) != std::string::npos);
  { const LockFile gone = std::move(*first); }
  CHECK(LockFile::Acquire(dir.File("lock")));
}

}  // namespace pennon::base
