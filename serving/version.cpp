#include "serving/version.h"

#include <array>
#include <charconv>

namespace pennon::serving {

std::string VersionText(const SetVersion& version, std::uint64_t hash) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16);
  std::string text = std::to_string(version.epoch);
  text += '.';
  text += std::to_string(version.revision);
  text += '-';
  text.append(digits.data(), end.ptr);
  return text;
}

std::optional<SetVersion> ParseVersion(std::string_view text) {
  text = text.substr(0, text.find('-'));
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  SetVersion version;
  const auto parse = [](std::string_view digits, std::uint64_t& value) {
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return end.ec == std::errc() && end.ptr == digits.data() + digits.size();
  };
  if (!parse(text.substr(0, dot), version.epoch)) return std::nullopt;
  if (!parse(text.substr(dot + 1), version.revision)) return std::nullopt;
  return version;
}

}  // namespace pennon::serving
