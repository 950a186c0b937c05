#include "store/definition.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/utf8.h"
#include "wire/json.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using model::Object;
using model::Value;

constexpr std::array<std::string_view, 11> kSharedMembers{
    "type",   "name",     "description", "owner",           "tags",      "variants",
    "schema", "metadata", "lifecycle",   "expectedRemoval", "clientSide"};
constexpr std::array<std::string_view, 8> kConfigMembers{
    "enabled", "kill", "offVariant", "prerequisites", "targets", "rules", "default", "salt"};
// What the API adds when it shows a flag, a configuration or a segment.
constexpr std::array<std::string_view, 8> kShownMembers{
    "key", "flag", "environment", "version", "revision", "revisions", "createdAt", "updatedAt"};

template <std::size_t N>
bool IsIn(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <std::size_t N>
base::Result<Object> WithoutMembers(const Object& document,
                                    const std::array<std::string_view, N>& foreign,
                                    std::string_view home) {
  Object kept;
  for (const auto& [name, value] : document) {
    if (IsIn(foreign, name)) {
      return Fail(Error::Invalid(name, "does not belong here; it is part of " + std::string(home)));
    }
    if (!IsIn(kShownMembers, name)) kept.emplace_back(name, value);
  }
  return kept;
}

const Value* FindMember(const Object& object, std::string_view name) {
  const auto found = std::find_if(object.begin(), object.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == object.end() ? nullptr : &found->second;
}

// Null means absent, as everywhere in definitions.
void EraseNull(Object& object, std::string_view name) {
  std::erase_if(object,
                [&](const auto& member) { return member.first == name && member.second.IsNull(); });
}

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool IsText(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos && base::IsUtf8(bytes);
}

base::Result<void> CheckNewKey(std::string_view where, std::string_view key) {
  const bool valid = !key.empty() && key.size() <= kMaxNewKeyBytes && IsAlphanumeric(key[0]) &&
                     std::all_of(key.begin(), key.end(), [](char c) {
                       return IsAlphanumeric(c) || c == '.' || c == '_' || c == '-';
                     });
  if (valid) return {};
  return Fail(Error::Invalid(where, "is no key: expected 1 to " + std::to_string(kMaxNewKeyBytes) +
                                        " letters, digits, '.', '_' or '-', beginning with a "
                                        "letter or digit"));
}

base::Result<void> CheckName(std::string_view where, std::string_view name) {
  const bool has_control = std::any_of(name.begin(), name.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_control) return Fail(Error::Invalid(where, "has a control character in it"));
  if (!name.empty() && name.size() <= kMaxNameBytes) return {};
  return Fail(Error::Invalid(where, "is " + std::to_string(name.size()) +
                                        " bytes long, expected 1 to " +
                                        std::to_string(kMaxNameBytes)));
}

base::Result<Object> ReadShared(const Object& document) {
  return WithoutMembers(document, kConfigMembers,
                        "a flag's configuration: "
                        "PUT /api/v1/environments/{environment}/flags/{flag}");
}

base::Result<Object> ReadConfig(const Object& document) {
  return WithoutMembers(document, kSharedMembers,
                        "what all environments share of a flag: PUT /api/v1/flags/{flag}");
}

Object ReadSegmentDocument(const Object& document) {
  return *WithoutMembers(document, std::array<std::string_view, 0>{}, "");
}

Halves SplitDefinition(const Object& definition) {
  Halves halves;
  for (const auto& member : definition) {
    if (member.first == "key" || member.first == "kind") continue;
    (IsIn(kSharedMembers, member.first) ? halves.shared : halves.config).push_back(member);
  }
  return halves;
}

Object MergeDefinition(const Object& shared, const Object& config) {
  Object merged = shared;
  merged.insert(merged.end(), config.begin(), config.end());
  return merged;
}

bool IsSharedPath(std::string_view path) {
  return IsIn(kSharedMembers, path.substr(0, path.find_first_of(".[")));
}

Object UnconfiguredFlag(const std::string& salt) {
  return {{"enabled", Value(false)}, {"salt", Value(salt)}};
}

bool IsEnabled(const Object& config) {
  const Value* enabled = FindMember(config, "enabled");
  return enabled == nullptr || *enabled == Value(true);
}

bool IsUnconfigured(const Object& config) {
  return config == UnconfiguredFlag(SaltOf(config));
}

std::string NewSalt() {
  return base::RandomToken("", 8);
}

std::string SaltOf(const Object& config) {
  const Value* salt = FindMember(config, "salt");
  return salt != nullptr && salt->AsString() != nullptr ? *salt->AsString() : std::string();
}

void SetDefaultSalt(Object& config, const std::string& salt) {
  EraseNull(config, "salt");
  if (FindMember(config, "salt") == nullptr) config.emplace_back("salt", Value(salt));
}

void SetDefaultEnabled(Object& config) {
  EraseNull(config, "enabled");
  if (FindMember(config, "enabled") != nullptr) return;
  config.emplace(config.begin(), "enabled", Value(true));
}

std::string JsonText(const Object& object) {
  std::string text;
  model::AppendJson(text, Value(object));
  return text;
}

base::Result<Object> ReadStored(std::string_view where, std::string_view text) {
  auto value = wire::ReadJson(text);
  if (!value || value->AsObject() == nullptr) {
    return Fail(Error::Internal(where, "what the database holds is damaged"));
  }
  return std::get<Object>(std::move(value->data));
}

}  // namespace pennon::store
