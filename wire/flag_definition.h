// JSON value -> Flag and Segment: the native definition format, one flag or segment at a time.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "model/flag_set.h"

namespace pennon::wire {

/// Reads one definition. "kind" and "key", which a sync line has beside the definition's own
/// members, are passed over; any other unknown member is an error. Errors name the path inside the
/// definition: `rules[2].serve.variant`.
base::Result<std::shared_ptr<const model::Flag>> ReadFlag(std::string_view key,
                                                          const model::Value& definition);
base::Result<std::shared_ptr<const model::Segment>> ReadSegment(std::string_view key,
                                                                const model::Value& definition);

}  // namespace pennon::wire
