#include "bench/http_text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

#include "bench/figure.h"

namespace pennon::bench {
namespace {

int ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Abort("cannot connect to " + path);
  }
  return fd;
}

int ConnectTcp(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Abort("cannot connect to port " + std::to_string(port));
  }
  return fd;
}

}  // namespace

std::string HttpRequest(std::string_view path, std::string_view body) {
  std::string text = "POST ";
  text.append(path).append(
      " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ");
  text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

int ConnectHttp(const std::string& target) {
  std::uint16_t port = 0;
  const auto end = target.data() + target.size();
  const bool is_port = std::from_chars(target.data(), end, port).ptr == end;
  return is_port ? ConnectTcp(port) : ConnectUnix(target);
}

std::size_t HttpAnswerSize(std::string_view text) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  if (!text.starts_with("HTTP/1.1 200 ")) Abort("an answer is not 200");
  const std::size_t at = text.find(kLength);
  if (at > head) Abort("an answer has no length");
  std::size_t length = 0;
  std::from_chars(text.data() + at + kLength.size(), text.data() + head, length);
  const std::size_t size = head + 4 + length;
  return size <= text.size() ? size : 0;
}

}  // namespace pennon::bench
