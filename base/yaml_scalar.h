// What a plain (unquoted) scalar of YAML stands for: the core schema of YAML 1.2, section 10.3.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace pennon::base {

/// A text that is none of the others is a string: `on`, `yes`, `1_000`, `2027-01-31`.
using YamlScalar = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string_view>;

/// None for a number that cannot be kept: whole ones outside of int64, infinities, `.nan`, and
/// others beyond a double. Borrows `text`.
std::optional<YamlScalar> ResolveYamlScalar(std::string_view text);

}  // namespace pennon::base
