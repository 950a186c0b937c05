#include "base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <iostream>

namespace pennon::base {

void OpenStandardStreams() {
  // The lowest free number is given, so these are filled one after the other.
  int opened = 0;
  do {
    opened = ::open("/dev/null", O_RDWR);
  } while (opened >= 0 && opened <= STDERR_FILENO);
  if (opened > STDERR_FILENO) ::close(opened);
}

int FinishOutput(std::string_view program, int exit_code) {
  if (std::cout.flush()) return exit_code;
  std::cerr << program << ": standard output could not be written\n";
  return exit_code == 0 ? 1 : exit_code;
}

}  // namespace pennon::base
