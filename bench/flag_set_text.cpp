// Prints the document of MakeFlagSet, for a daemon to begin with, as bench/flag_set.py asks for it:
//   flag_set_text COUNT
#include <cstdio>
#include <string>

#include "bench/figure.h"
#include "bench/flag_set.h"

int main(int argc, char** argv) {
  using namespace pennon::bench;  // NOLINT(google-build-using-namespace)
  if (argc != 2) Abort("usage: flag_set_text COUNT");
  std::puts(FlagSetText(std::stoul(argv[1])).c_str());
}
