// One measured figure and its budget, as a line that bench/run reads.
#pragma once

#include <optional>
#include <string>

namespace pennon::bench {

/// A budget is on the ratio to a floor of the same run, because an absolute number says more about
/// the machine and the hour than about us.
struct Figure {
  std::string name;
  std::string unit;  // of `value` and `floor`
  double value = 0;
  double floor = 0;
  double ratio = 0;
  std::optional<double> at_most;  // the ratio
  std::optional<double> at_least;
};

/// Prints the figure to standard output as one JSON object on one line.
void Print(const Figure& figure);

/// Ends the program: there is no number without a correct answer.
[[noreturn]] void Abort(const std::string& why);

}  // namespace pennon::bench
