// The rules of a listening Unix socket's place in the file system.
#include "net/unix_socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>

#include "tests/support/temp_dir.h"

namespace pennon::net {
namespace {

using base::ErrorCode;

std::optional<mode_t> ModeOf(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_mode;
}

// A socket of somebody else's at `path`; closing the descriptor leaves it there, stale.
int Bound(const std::string& path, int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return fd;
}

bool CanConnect(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool connected = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return connected;
}

ErrorCode RefusalOf(const UnixSocketOptions& options) {
  const auto socket = UnixSocket::Listen(options);
  REQUIRE_FALSE(socket);
  return socket.error().code();
}

TEST_CASE("the mode is exactly the one asked for, whatever the umask, and the umask stays") {
  const test::TempDir directory;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0666}, mode_t{0777}}) {
      const std::string path =
          directory.File("s" + std::to_string(mask) + '-' + std::to_string(mode));
      { std::ofstream(path + ".lock"); }  // made before, or this mask would keep us out ourselves
      const mode_t before = ::umask(mask);
      const auto socket = UnixSocket::Listen({path, mode, ""});
      CHECK(::umask(before) == mask);
      REQUIRE(socket);
      CHECK(ModeOf(path) == (S_IFSOCK | mode));
    }
  }
}

TEST_CASE("it listens, leaves nothing else behind, and goes when it is destroyed") {
  const test::TempDir directory;
  const std::string path = directory.File("s");
  {
    auto socket = UnixSocket::Listen({path});
    REQUIRE(socket);
    CHECK(CanConnect(path));
    CHECK_FALSE(ModeOf(path + ".new"));
    const UnixSocket moved = std::move(*socket);
    CHECK(ModeOf(path));
  }
  CHECK_FALSE(ModeOf(path));
}

TEST_CASE("a released descriptor lives on, and the path still goes with the owner") {
  const test::TempDir directory;
  const std::string path = directory.File("s");
  int fd = -1;
  {
    auto socket = UnixSocket::Listen({path});
    REQUIRE(socket);
    fd = socket->Release();
    CHECK(CanConnect(path));
  }
  CHECK_FALSE(ModeOf(path));
  CHECK(::close(fd) == 0);
}

TEST_CASE("what somebody has put at the path meanwhile is not unlinked") {
  const test::TempDir directory;
  const std::string path = directory.File("s");
  {
    const auto socket = UnixSocket::Listen({path});
    REQUIRE(socket);
    REQUIRE(::unlink(path.c_str()) == 0);
    directory.Write("s", "theirs");
  }
  CHECK(ModeOf(path));
}

TEST_CASE("a stale socket is replaced, of whatever kind") {
  const test::TempDir directory;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    const std::string path = directory.File("s" + std::to_string(type));
    ::close(Bound(path, type));
    const auto socket = UnixSocket::Listen({path});
    REQUIRE(socket);
    CHECK(CanConnect(path));
  }
}

TEST_CASE("a live socket is refused and left alone, even when its owner took no lock") {
  const test::TempDir directory;
  SUBCASE("of streams") {
    const std::string path = directory.File("s");
    const int fd = Bound(path, SOCK_STREAM);
    REQUIRE(::listen(fd, 8) == 0);
    CHECK(RefusalOf({path}) == ErrorCode::kConflict);
    CHECK(CanConnect(path));
    ::close(fd);
  }
  SUBCASE("with a full queue") {
    const std::string path = directory.File("s");
    const int fd = Bound(path, SOCK_STREAM);
    REQUIRE(::listen(fd, 0) == 0);
    CHECK(CanConnect(path));  // fills the queue of one
    CHECK(RefusalOf({path}) == ErrorCode::kConflict);
    ::close(fd);
  }
  SUBCASE("of datagrams") {
    const std::string path = directory.File("s");
    const int fd = Bound(path, SOCK_DGRAM);
    CHECK(RefusalOf({path}) == ErrorCode::kConflict);
    ::close(fd);
  }
  SUBCASE("of ours, and the message names the pid") {
    const std::string path = directory.File("s");
    const auto first = UnixSocket::Listen({path});
    REQUIRE(first);
    const auto second = UnixSocket::Listen({path});
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == ErrorCode::kConflict);
    CHECK(second.error().Message().find(std::to_string(::getpid())) != std::string::npos);
    CHECK(CanConnect(path));
  }
}

TEST_CASE("what is no socket is refused and left alone") {
  const test::TempDir directory;
  const std::string file = directory.Write("file", "precious");
  CHECK(RefusalOf({file}) == ErrorCode::kConflict);
  CHECK(std::filesystem::file_size(file) == 8);

  const std::string link = directory.File("link");
  std::filesystem::create_symlink(directory.File("elsewhere"), link);
  CHECK(RefusalOf({link}) == ErrorCode::kConflict);
  CHECK(std::filesystem::is_symlink(link));

  const std::string folder = directory.File("folder");
  std::filesystem::create_directory(folder);
  CHECK(RefusalOf({folder}) == ErrorCode::kConflict);

  const std::string beside = directory.Write("s.new", "precious too");
  CHECK(RefusalOf({directory.File("s")}) == ErrorCode::kConflict);
  CHECK(std::filesystem::file_size(beside) == 12);
}

TEST_CASE("a temporary socket that a dead process left is no obstacle") {
  const test::TempDir directory;
  ::close(Bound(directory.File("s.new"), SOCK_STREAM));
  CHECK(UnixSocket::Listen({directory.File("s")}));
}

TEST_CASE("a path of 107 bytes is taken, one of 108 is not") {
  const test::TempDir directory;
  const std::size_t room = 107 - directory.File("").size();
  const std::string longest = directory.File(std::string(room, 's'));
  REQUIRE(longest.size() == 107);
  const auto socket = UnixSocket::Listen({longest});
  REQUIRE(socket);
  CHECK(CanConnect(longest));
  CHECK(RefusalOf({longest + 's'}) == ErrorCode::kLimit);

  const std::string deep = directory.File(std::string(room - 2, 'd'));
  std::filesystem::create_directory(deep);
  CHECK(RefusalOf({deep + "/s"}) == ErrorCode::kInvalid);
}

TEST_CASE("paths that are no place in the file system are refused") {
  CHECK(RefusalOf({""}) == ErrorCode::kInvalid);
  CHECK(RefusalOf({"@abstract"}) == ErrorCode::kInvalid);
  CHECK(RefusalOf({std::string("\0abstract", 9)}) == ErrorCode::kInvalid);
  CHECK(RefusalOf({std::string("/tmp/a\0b", 8)}) == ErrorCode::kInvalid);
}

TEST_CASE("a missing directory is named") {
  const test::TempDir directory;
  const auto socket = UnixSocket::Listen({directory.File("none/s")});
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code() == ErrorCode::kNotFound);
  CHECK(socket.error().where() == directory.File("none"));
  CHECK(RefusalOf({directory.Write("file", "") + "/s"}) == ErrorCode::kInvalid);
  CHECK(RefusalOf({directory.File("")}) == ErrorCode::kInvalid);
}

TEST_CASE("the socket is given to the group, and an unknown group leaves nothing behind") {
  const test::TempDir directory;
  const std::string path = directory.File("s");
  CHECK(RefusalOf({path, 0660, "no-such-group-here"}) == ErrorCode::kNotFound);
  CHECK_FALSE(ModeOf(path));
  CHECK_FALSE(ModeOf(path + ".new"));

  const group* own = ::getgrgid(::getgid());
  if (own == nullptr) return;  // a group without a name cannot be asked for
  const auto socket = UnixSocket::Listen({path, 0640, own->gr_name});
  REQUIRE(socket);
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  CHECK(info.st_gid == ::getgid());
  CHECK(info.st_mode == (S_IFSOCK | 0640));
}

TEST_CASE("the descriptor is not inherited") {
  const test::TempDir directory;
  auto socket = UnixSocket::Listen({directory.File("s")});
  REQUIRE(socket);
  const int fd = socket->Release();
  CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  ::close(fd);
}

TEST_CASE(
    "a socket whose file is gone is bound again, and never over what somebody else put there") {
  const test::TempDir directory;
  const std::string path = directory.File("s");
  auto socket = UnixSocket::Listen({path, 0640});
  REQUIRE(socket);
  const int fd = socket->Release();
  CHECK(socket->IsInPlace());
  CHECK(socket->BindAgain({path, 0640}).error().code() == ErrorCode::kConflict);
  REQUIRE(::unlink(path.c_str()) == 0);
  CHECK_FALSE(socket->IsInPlace());
  REQUIRE(socket->BindAgain({path, 0640}).has_value());
  CHECK(socket->IsInPlace());
  CHECK(ModeOf(path) == (S_IFSOCK | 0640));
  CHECK(CanConnect(path));
  ::close(socket->Release());
  ::close(fd);
  REQUIRE(::unlink(path.c_str()) == 0);
  ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  CHECK(socket->BindAgain({path, 0640}).error().code() == ErrorCode::kConflict);
  CHECK(ModeOf(path) == (S_IFREG | 0600));
}

}  // namespace
}  // namespace pennon::net
