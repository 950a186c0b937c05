#include "base/account.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

namespace pennon::base {
namespace {

constexpr std::size_t kFirstEntryBytes = std::size_t{16} * 1024;
constexpr std::size_t kMaxEntryBytes = std::size_t{1} << 20U;
constexpr std::uint32_t kNobodysId = 0xffffffff;

// Calls getpwnam_r or getgrnam_r with a buffer that is large enough; the entry's texts are gone.
template <typename Entry, typename Lookup>
std::optional<Entry> LookUp(Lookup lookup, const std::string& name) {
  std::vector<char> buffer(kFirstEntryBytes);
  Entry entry{};
  Entry* found = nullptr;
  while (lookup(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == ERANGE &&
         buffer.size() < kMaxEntryBytes) {
    buffer.resize(buffer.size() * 2);
  }
  if (found == nullptr) return std::nullopt;
  return entry;
}

}  // namespace

Result<std::uint32_t> ParseAccountNumber(std::string_view text) {
  std::uint32_t id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || id == kNobodysId) {
    return Fail(
        Error::Invalid("", '"' + std::string(text) + "\" is not a number of a user or group"));
  }
  return id;
}

Result<std::uint32_t> UserId(const std::string& name) {
  const auto entry = LookUp<passwd>(::getpwnam_r, name);
  const auto number = entry ? entry->pw_uid : ParseAccountNumber(name);
  if (!number) return Fail(Error::NotFound("", "there is no user " + name));
  return number;
}

Result<std::uint32_t> GroupId(const std::string& name) {
  const auto entry = LookUp<group>(::getgrnam_r, name);
  const auto number = entry ? entry->gr_gid : ParseAccountNumber(name);
  if (!number) return Fail(Error::NotFound("", "there is no group " + name));
  return number;
}

}  // namespace pennon::base
