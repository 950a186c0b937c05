#include "cli/input.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "base/file.h"
#include "wire/limits.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;

constexpr std::size_t kMaxSecretBytes = 4'096;

// While it lives a terminal does not show what is typed, and does not end the process by Ctrl-C,
// which would leave it so; as getpass(3) does.
class Unseen {
 public:
  Unseen() {
    is_terminal_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_terminal_) return;
    termios unseen = before_;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  ~Unseen() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << '\n';  // the one that was typed was not shown either
  }

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_ = false;
};

base::Result<std::string> ReadStandardInput() {
  std::string text;
  std::array<char, std::size_t{64} << 10U> part{};
  do {
    std::cin.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > wire::kMaxSyncBytes) {
      return Fail(Error::Limit("", "is longer than " + std::to_string(wire::kMaxSyncBytes)));
    }
  } while (std::cin);
  return text;
}

}  // namespace

base::Result<std::string> ReadInput(const std::string& file) {
  return file == "-" ? ReadStandardInput() : base::ReadFile(file, wire::kMaxSyncBytes);
}

std::string NameOfInput(const std::string& file) {
  return file == "-" ? "standard input" : file;
}

base::Result<std::string> ReadSecret(const std::string& name) {
  std::string secret;
  {
    const Unseen unseen;
    if (unseen.is_terminal()) std::cerr << name << ": " << std::flush;
    for (char next = 0; secret.size() <= kMaxSecretBytes && std::cin.get(next) && next != '\n';) {
      secret += next;
    }
  }
  // What a file or the clipboard has around it.
  constexpr const char* kBlanks = " \t\r";
  secret.erase(0, secret.find_first_not_of(kBlanks));
  secret.erase(secret.find_last_not_of(kBlanks) + 1);
  const auto is_printable = [](char c) { return c > ' ' && c <= '~'; };
  if (secret.empty() || secret.size() > kMaxSecretBytes ||
      !std::all_of(secret.begin(), secret.end(), is_printable)) {
    return Fail(Error::Invalid(
        "standard input", "expected a line with the " + name + ": printable ASCII without spaces"));
  }
  return secret;
}

}  // namespace pennon::cli
