// `pennon-store init` and `pennon-store import`: what is done while no store serves the database.
#pragma once

#include <ostream>
#include <string>

#include "base/result.h"

namespace pennon::store {

struct InitCommand {
  std::string database;
  std::string token_file;  // "": the token is printed
};
/// Creates the database and the first admin token. kConflict when that was done already.
base::Result<void> RunInit(const InitCommand& command, std::ostream& out);

struct ImportCommand {
  std::string database;
  std::string file;
  std::string environment;    // "": the one that the document names
  std::string sync_key_file;  // "": no sync key is made
  std::string format = "native";
};
/// Loads a document, making its environment when there is none. All or nothing.
base::Result<void> RunImport(const ImportCommand& command, std::ostream& out);

}  // namespace pennon::store
