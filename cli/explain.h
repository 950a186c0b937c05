// `pennon explain`: why a flag is what it is for a subject, from a daemon or from a file.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/commands.h"
#include "client/client.h"
#include "wire/document.h"

namespace pennon::cli {

struct ExplainArguments {
  std::string file;  // "": ask the daemon; "-": standard input
  wire::DocumentOptions document;
  std::string now;  // RFC 3339; "": the present; only with `file`
};

/// Prints the explanation, legibly or as JSON; returns the exit code.
int Explain(const client::ClientOptions& options, const EvalArguments& arguments,
            const ExplainArguments& explain, bool json);

}  // namespace pennon::cli
