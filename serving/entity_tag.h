// HTTP entity tags: made from content, compared as clients really send them.
#pragma once

#include <string>
#include <string_view>

namespace pennon::serving {

/// A strong tag, with its quotes, that differs when the content does (64 bits of hash).
std::string EntityTagOf(std::string_view content);

/// True when an If-None-Match header names `tag`: a list, `*`, weak tags (`W/"…"`), and tags
/// without quotes, which the OFREP specification's own example shows.
bool MatchesEntityTag(std::string_view if_none_match, std::string_view tag);

}  // namespace pennon::serving
