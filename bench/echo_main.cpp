// The echo server as a program, a floor for what listens on a Unix socket:
//   echo_main PATH BYTES
#include <string>

#include "bench/echo_server.h"
#include "bench/figure.h"

int main(int argc, char** argv) {
  if (argc != 3) pennon::bench::Abort("usage: echo_main PATH BYTES");
  const std::size_t bytes = std::stoul(argv[2]);
  pennon::bench::ServeEcho(argv[1], bytes, bytes);
}
