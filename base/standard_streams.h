// Standard input, output and error of a program of ours.
#pragma once

#include <string_view>

namespace pennon::base {

/// Puts /dev/null in the place of those that are closed, or a socket or a file that is opened later
/// would get their number and what is written to them. The first thing that a program does.
void OpenStandardStreams();

/// Writes out what std::cout still holds. What could not be written (a full disk, say) turns
/// `exit_code` into a failure, with one line on standard error.
int FinishOutput(std::string_view program, int exit_code);

}  // namespace pennon::base
