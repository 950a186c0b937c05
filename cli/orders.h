// What operators ask of the daemon: generations, rollback, pin, unpin, accept, reload. And what it
// tells those who watch.
#pragma once

#include <string>

#include "client/client.h"

namespace pennon::cli {

/// Gives the order and prints the answer; returns the exit code.
int GiveOrder(client::Client& client, const std::string& verb, const std::string& argument,
              bool json);
/// Prints each change, one line each, until it is interrupted; comes back to a daemon that was
/// restarted. With `count` above 0: ends after so many.
int Watch(const client::ClientOptions& options, std::int64_t count, bool json);

}  // namespace pennon::cli
