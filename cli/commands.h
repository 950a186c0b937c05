// The commands of `pennon`. Each prints to standard output, complains on standard error and returns
// the exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"

namespace pennon::cli {

inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

struct EvalArguments {
  std::string flag;
  std::string targeting_key;
  std::vector<std::string> attributes;  // name=value; the value is JSON if it reads as such
  std::string context_json;             // {"name": value, …}
};

/// The context that the arguments describe.
base::Result<client::Context> BuildContext(const EvalArguments& arguments);
/// Prints the error to standard error and returns `exit_code`.
int Complain(const base::Error& error, int exit_code);

int Eval(client::Client& client, const EvalArguments& arguments, bool json);
int Flags(client::Client& client, const EvalArguments& arguments, bool json);
int Status(client::Client& client, std::string_view environment, bool json);
int Health(client::Client& client, bool json);
int Ready(client::Client& client, std::string_view environment, bool json);

}  // namespace pennon::cli
