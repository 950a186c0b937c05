// The JSON that answers of the API have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_text.h"
#include "model/value.h"
#include "store/environment_set.h"
#include "store/roles.h"

namespace pennon::store {

/// Adds the definition's members to the object being written.
void AppendMembers(base::JsonObject& object, const model::Object& definition);

/// `"role":"viewer","environments":{"production":"none"}`.
void AppendRoles(base::JsonObject& object, const Roles& roles);

/// `[…]`, each element written by `append(out, element)`.
template <typename List, typename Append>
void AppendList(std::string& out, const List& list, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& element : list) {
    if (!first) out += ',';
    first = false;
    append(out, element);
  }
  out += ']';
}
/// `{"<name>":[…]}`.
template <typename List, typename Append>
std::string JsonList(std::string_view name, const List& list, const Append& append) {
  std::string out;
  base::JsonObject object(out);
  AppendList(object.Key(name), list, append);
  object.Close();
  return out;
}

/// A page of a list: `{"<name>":[…],"next":"…"}`. `records` are one more than `size` when there is
/// another page; `next` is what the caller asks for it with, as given by `key_of(last of this
/// page)`.
template <typename Record, typename Append, typename KeyOf>
std::string JsonPage(std::string_view name, std::vector<Record> records, std::int64_t size,
                     const Append& append, const KeyOf& key_of) {
  const bool has_more = records.size() > static_cast<std::size_t>(size);
  if (has_more) records.resize(static_cast<std::size_t>(size));
  std::string out = JsonList(name, records, append);
  if (!has_more) return out;
  out.pop_back();
  out += R"(,"next":)";
  base::AppendJsonString(out, key_of(records.back()));
  return out + '}';
}

}  // namespace pennon::store
