// Which flags may be answered differently by one flag set than by another.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "model/flag_set.h"

namespace pennon::model {

/// The keys, in order and each once, of flags that are in one of the sets only or defined
/// otherwise, that use a segment of which this is true (through other segments, too), or that have
/// one of all these for a prerequisite. Never too few; a definition that could not be read counts
/// as changed. None when there are more than `max`. Linear in the size of both sets.
std::optional<std::vector<std::string>> ChangedFlags(const FlagSet& before, const FlagSet& after,
                                                     std::size_t max);

}  // namespace pennon::model
