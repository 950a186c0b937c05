// The rows of tests/contract/rows/*.json: definitions, and what each question must be answered.
#pragma once

#include <string>
#include <vector>

#include "model/value.h"

namespace pennon::test {

/// What every way in must say. `value` null and has_value false: the caller's default.
struct Expected {
  bool has_value = false;
  std::string value_json;
  std::string variant;
  std::string reason;
  std::string error_code;
  std::string kind;  // pennon.kind of the metadata, "" for none

  bool operator==(const Expected&) const = default;
};

struct Row {
  std::string name;
  std::string flag;
  model::Value context;  // an object
  Expected expected;
};

struct RowFile {
  std::string name;
  std::string document;  // a native flag-set document
  std::vector<Row> rows;
};

std::vector<RowFile> LoadRowFiles();
/// For messages: all fields on one line.
std::string Describe(const Expected& expected);

}  // namespace pennon::test
