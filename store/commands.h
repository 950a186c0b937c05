// `pennon-store init`, `import` and `invite`: what is done while no store serves the database.
#pragma once

#include <ostream>
#include <string>

#include "base/result.h"

namespace pennon::store {

struct InitCommand {
  std::string database;
  std::string token_file;  // "": the token is printed
};
/// Creates the database, the first admin token and the user "admin", whose invitation is printed.
/// kConflict when that was done already.
base::Result<void> RunInit(const InitCommand& command, std::ostream& out);

struct ImportCommand {
  std::string database;
  std::string file;
  std::string environment;    // "": the one that the document names
  std::string sync_key_file;  // "": no sync key is made
  std::string format = "native";
  std::string comment;  // why, for the audit log
};
/// Loads a document, making its environment when there is none. All or nothing.
base::Result<void> RunImport(const ImportCommand& command, std::ostream& out);

struct InviteCommand {
  std::string database;
  std::string user;
  std::string role = "admin";  // of a user that is made
};
/// Prints a secret to set a password with, once; makes the user when there is none. For the first
/// user, and for those who are locked out.
base::Result<void> RunInvite(const InviteCommand& command, std::ostream& out);

}  // namespace pennon::store
