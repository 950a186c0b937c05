#include "serving/entity_tag.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "engine/hash.h"

namespace pennon::serving {
namespace {

void AppendHex(std::string& out, std::uint64_t value) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  out.append(16 - static_cast<std::size_t>(end.ptr - digits.data()), '0');
  out.append(digits.data(), end.ptr);
}

std::string_view Bare(std::string_view tag) {
  while (!tag.empty() && (tag.front() == ' ' || tag.front() == '\t')) tag.remove_prefix(1);
  while (!tag.empty() && (tag.back() == ' ' || tag.back() == '\t')) tag.remove_suffix(1);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  return tag;
}

}  // namespace

std::string EntityTagOf(std::string_view content) {
  std::string tag = "\"";
  AppendHex(tag, engine::Hash64(content, 1));
  tag += '"';
  return tag;
}

bool MatchesEntityTag(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    const std::size_t comma = if_none_match.find(',');
    const std::string_view one = Bare(if_none_match.substr(0, comma));
    if (one == "*" || (!one.empty() && one == Bare(tag))) return true;
    if_none_match.remove_prefix(comma == std::string_view::npos ? if_none_match.size() : comma + 1);
  }
  return false;
}

}  // namespace pennon::serving
