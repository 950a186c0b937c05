// The flags that benchmarks evaluate: on for four countries, a 25/75 split for all others.
#pragma once

#include <cstddef>
#include <string>

#include "model/flag_set.h"

namespace pennon::bench {

inline constexpr std::size_t kCountries = 16;  // that subjects come from, evenly

/// Of all subjects, those that such a flag answers with true: 4/16 + 12/16 * 25/100.
inline constexpr double kOnRate = 0.4375;

/// The key of flag `index`, in the same order as the indices.
std::string FlagKey(std::size_t index);
std::string Country(std::size_t index);

/// `count` boolean flags, each with its own key, salt and four countries. The names of the variants
/// are equally long, so all answers have one size.
model::FlagSet MakeFlagSet(std::size_t count);
/// The same as the native document that says it; `patterns` of the flags, evenly spread, ask for
/// the same countries with a regular expression.
std::string FlagSetText(std::size_t count, std::size_t patterns = 0);

}  // namespace pennon::bench
