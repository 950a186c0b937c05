// The commands that ask the store. Each prints and returns the exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pennon::cli {

struct StoreArguments {
  std::string environment = "production";
  std::string key;  // of a flag, segment or environment
  std::string type = "boolean";
  std::string variant;
  std::string file;     // of a definition; "-": standard input
  std::string comment;  // for the audit log
  std::string format = "native";
  std::vector<std::string> values;    // targeting keys, or variant=weight
  std::vector<std::string> variants;  // key=value
  std::int64_t limit = 20;
  bool is_dry_run = false;
  bool json = false;
};

/// Reads the token from standard input, tries it, and keeps it.
int Login(const std::string& url, const std::string& ca_file);

int FlagList(const StoreArguments& arguments);
int FlagGet(const StoreArguments& arguments);
/// A boolean flag needs no variants: it gets on and off.
int FlagCreate(const StoreArguments& arguments);
/// `kind`: turnOn, turnOff, kill or unkill.
int FlagSwitch(const StoreArguments& arguments, const std::string& kind);
/// `values`: variant=percent, which must be 100 together.
int FlagRollout(const StoreArguments& arguments);
/// Serves `variant` to the targeting keys `values`.
int FlagTarget(const StoreArguments& arguments);

int SegmentList(const StoreArguments& arguments);
int SegmentGet(const StoreArguments& arguments);
int SegmentSet(const StoreArguments& arguments);
int SegmentDelete(const StoreArguments& arguments);

int EnvironmentList(const StoreArguments& arguments);
int EnvironmentCreate(const StoreArguments& arguments);

int Audit(const StoreArguments& arguments);
int Import(const StoreArguments& arguments);
int Export(const StoreArguments& arguments);

}  // namespace pennon::cli
