// The shape that an object flag's values must have: a part of JSON Schema (2020-12), checked when a
// flag is compiled. docs/evaluation.md lists the keywords.
//
// Only keywords that look at one place of a value are there: no `$ref`, `anyOf` or the like. So
// each place is checked against one place of the schema, and no schema makes the check go on for
// ever.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/regex.h"
#include "model/value.h"

namespace pennon::engine {

/// Borrows the schema. Recursive: readers bound the depth of schema and values. Confined to one
/// thread.
class ValueSchema {
 public:
  /// Call Check before anything else.
  explicit ValueSchema(const model::Value& schema) : schema_(schema) {}

  /// What is wrong with the schema itself; `place` is its path.
  std::optional<base::Error> Check(const std::string& place);
  /// Why `value`, whose path is `place`, is not of the schema.
  std::optional<base::Error> Validate(const model::Value& value, const std::string& place);

 private:
  using Found = std::optional<base::Error>;

  Found CheckNode(const model::Value& schema, const std::string& place);
  Found CheckKeyword(std::string_view name, const model::Value& value, const std::string& place);
  Found CheckPattern(const model::Value& value, const std::string& place);
  Found ValidateNode(const model::Value& schema, const model::Value& value,
                     const std::string& place);
  Found ValidateText(const model::Value& schema, const std::string& text, const std::string& place);
  Found ValidateArray(const model::Value& schema, const model::Array& array,
                      const std::string& place);
  Found ValidateObject(const model::Value& schema, const model::Value& value,
                       const std::string& place);
  bool IsSame(const model::Value& left, const model::Value& right);
  /// `Find`, counted.
  const model::Value* Lookup(const model::Value& object, std::string_view key);
  bool IsOverBudget() const { return steps_ > kMaxSteps; }

  static constexpr std::size_t kMaxSteps = 10'000'000;

  const model::Value& schema_;
  std::vector<std::string_view> patterns_;
  std::map<const model::Value*, std::uint32_t> pattern_numbers_;
  std::optional<Regexes> regexes_;
  std::size_t steps_ = 0;  // of all calls of Validate
};

}  // namespace pennon::engine
