// The engine on standard input and output, for conformance suites: one request a line, one reply a
// line. What may be asked is docs/testing.md.
#include <iostream>
#include <string>

#include "tests/conformance/dialogue.h"

int main() {
  std::ios::sync_with_stdio(false);
  pennon::conformance::Dialogue dialogue;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.empty()) continue;
    std::cout << dialogue.Reply(line) << '\n' << std::flush;
  }
}
