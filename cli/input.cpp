#include "cli/input.h"

#include <array>
#include <iostream>

#include "base/file.h"
#include "wire/limits.h"

namespace pennon::cli {
namespace {

using base::Error;
using base::Fail;

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

}  // namespace pennon::cli
