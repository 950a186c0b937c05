// Addresses without what in them may be secret: user and password, and in the query a signature or
// a token. What is no URL is given back as it is.
#pragma once

#include <string>
#include <string_view>

namespace pennon::base {

/// Without user and password: the same place for whoever asks.
std::string WithoutUser(std::string_view url);
/// Without query and fragment, too.
std::string WithoutCredentials(std::string_view url);
/// For people who look for a mistake: `***` stands for user and password and for the query.
std::string Masked(std::string_view url);

}  // namespace pennon::base
