// `pennon diff`: which flags differ between two sets, and whose answers.
#pragma once

#include <string>

#include "cli/compared_set.h"

namespace pennon::cli {

struct DiffArguments {
  std::string before;
  std::string after;
  std::string contexts;  // a file with contexts, an array or one in each line; "": none
  bool sets_exit_code = false;
  ComparedPlaces places;
};

/// Prints what differs, in tables or as JSON. Returns the exit code; with `sets_exit_code` 1 when
/// something does.
int Diff(const DiffArguments& arguments, bool json);

}  // namespace pennon::cli
