#include "store/query.h"

#include <algorithm>
#include <charconv>

#include "base/timestamp.h"
#include "serving/url_path.h"
#include "store/definition.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

std::optional<std::string> Decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return serving::PercentDecode(spaced);
}

bool IsIn(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(' '));
    if (one == name) return true;
    list.remove_prefix(std::min(list.size(), one.size() + 1));
  }
  return false;
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Query> Query::Parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = Decode(pair.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::string() : Decode(pair.substr(equals + 1));
    if (!name || !value) return Fail(Error::Invalid("query", "is not percent-encoded"));
    if (!IsText(*name) || !IsText(*value)) {
      return Fail(Error::Invalid("query", "is not UTF-8, or has a zero byte in it"));
    }
    query.parameters_.emplace_back(*std::move(name), *std::move(value));
  }
  return query;
}

const std::string* Query::Find(std::string_view name) const {
  const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                  [&](const auto& parameter) { return parameter.first == name; });
  return found == parameters_.end() ? nullptr : &found->second;
}

bool Query::Has(std::string_view name) const {
  return Find(name) != nullptr;
}

std::string Query::Text(std::string_view name) const {
  const std::string* value = Find(name);
  return value == nullptr ? std::string() : *value;
}

Result<bool> Query::Flag(std::string_view name) const {
  const std::string* value = Find(name);
  if (value == nullptr || *value == "false") return false;
  if (value->empty() || *value == "true" || *value == "1") return true;
  return Fail(Error::Invalid(name, "is \"" + *value + "\", expected true or false"));
}

Result<std::int64_t> Query::Number(std::string_view name, std::int64_t otherwise,
                                   std::int64_t least, std::int64_t most) const {
  const std::string* value = Find(name);
  if (value == nullptr) return otherwise;
  const auto number = ParseInt(*value);
  if (number && *number >= least && *number <= most) return *number;
  return Fail(Error::Invalid(name, "is \"" + *value + "\", expected a whole number from " +
                                       std::to_string(least) + " to " + std::to_string(most)));
}

Result<base::WallMillis> Query::Instant(std::string_view name, base::WallMillis otherwise) const {
  const std::string* value = Find(name);
  if (value == nullptr) return otherwise;
  if (const auto millis = ParseInt(*value)) return *millis;
  if (const auto micros = base::ParseTimestamp(*value)) return *micros / 1000;
  return Fail(Error::Invalid(
      name, "is \"" + *value + "\", expected an instant such as 2026-01-31T09:00:00Z"));
}

Result<void> Query::Only(std::string_view names, std::string_view more) const {
  for (const auto& parameter : parameters_) {
    const std::string& name = parameter.first;
    if (IsIn(names, name) || IsIn(more, name)) continue;
    return Fail(Error::Invalid(name, "is no parameter of this path"));
  }
  return {};
}

}  // namespace pennon::store
