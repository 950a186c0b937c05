// Reads the members of one JSON object with errors that name the path, and refuses members that
// nobody asked for.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"
#include "wire/path.h"

namespace pennon::wire {

/// The name of a member, and a mark of it: one of 64 bits, which other names may have as well. The
/// compiler works it out for literals.
struct MemberName {
  constexpr MemberName(std::string_view name) : text(name), mark(std::uint64_t{1} << Bit(name)) {}
  constexpr MemberName(const char* name) : MemberName(std::string_view(name)) {}
  constexpr operator std::string_view() const { return text; }

  std::string_view text;
  std::uint64_t mark;

 private:
  static constexpr unsigned Bit(std::string_view name) {
    if (name.empty()) return 0;
    const auto first = static_cast<unsigned char>(name.front());
    const auto last = static_cast<unsigned char>(name.back());
    return (first + 5U * last + static_cast<unsigned>(name.size())) % 64;
  }
};

/// Collects the first error; later reads do nothing. `path` is put before the member's name in
/// errors. Borrows value and path. Confined to one thread.
class ObjectReader {
 public:
  ObjectReader(const model::Value& value, const Path& path);

  [[nodiscard]] bool Has(const MemberName& member) const {
    const model::Value* const found = Find(member);
    return found != nullptr && !found->IsNull();
  }
  /// The member, or null when absent; it counts as known. `null` counts as absent.
  const model::Value* Get(const MemberName& member) {
    const std::size_t index = Know(member);
    if (error_ || index == members_.size()) return nullptr;
    const model::Value& found = members_[index].second;
    return found.IsNull() ? nullptr : &found;
  }

  void Bool(const MemberName& member, bool& out) {
    if (const model::Value* found = Get(member)) ReadBool(member, *found, out);
  }
  void String(const MemberName& member, std::string& out) {
    if (const model::Value* found = Get(member)) ReadString(member, *found, out);
  }
  void RequiredString(const MemberName& member, std::string& out);
  void Strings(const MemberName& member, std::vector<std::string>& out);
  void Values(const MemberName& member, std::vector<model::Value>& out);
  /// One string or an array of them.
  void OneOrMore(const MemberName& member, std::vector<std::string>& out);
  /// A whole number from 0 to `max`.
  void Unsigned(const MemberName& member, std::uint64_t max, std::uint64_t& out);
  void RequiredUnsigned(const MemberName& member, std::uint64_t max, std::uint64_t& out);
  /// An instant, in microseconds since 1970: an RFC 3339 string, or milliseconds.
  void Instant(const MemberName& member, std::int64_t& out);
  void RequiredInstant(const MemberName& member, std::int64_t& out);
  /// Calls `read(element, path, out.emplace_back())` for each element of an array member.
  template <typename T>
  void Each(const MemberName& member, std::vector<T>& out,
            std::optional<base::Error> (*read)(const model::Value&, const Path&, T&)) {
    const model::Value* const found = Find(member);
    if (found != nullptr && found->AsArray() != nullptr) out.reserve(found->AsArray()->size());
    Each(member, [&out, read](const model::Value& element, const Path& path) {
      return read(element, path, out.emplace_back());
    });
  }
  /// Calls `read(element, path)` for each element of an array member.
  void Each(
      const MemberName& member,
      const std::function<std::optional<base::Error>(const model::Value&, const Path&)>& read);

  /// Notes an error at `member`, unless there is one already.
  void Invalid(std::string_view member, std::string_view what);
  void Note(std::optional<base::Error> error);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  /// The first error; for formats whose unknown members are passed over, instead of Finish.
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }
  [[nodiscard]] Path PathOf(std::string_view member) const { return path_.Member(member); }

  /// The first error, or one for the first member that nobody read.
  std::optional<base::Error> Finish(std::initializer_list<std::string_view> ignored = {});

 private:
  // How many members there are when there is no such one; nearly all that are asked for are not.
  [[nodiscard]] std::size_t IndexOf(const MemberName& member) const {
    return (marks_ & member.mark) == 0 ? members_.size() : Seek(member.text);
  }
  [[nodiscard]] std::size_t Seek(std::string_view member) const;
  [[nodiscard]] const model::Value* Find(const MemberName& member) const {
    const std::size_t index = IndexOf(member);
    return index == members_.size() ? nullptr : &members_[index].second;
  }
  void ReadBool(const MemberName& member, const model::Value& found, bool& out);
  void ReadString(const MemberName& member, const model::Value& found, std::string& out);
  void Expected(const MemberName& member, const model::Value& found, std::string_view what);

  // And where it is.
  std::size_t Know(const MemberName& member) {
    if (known_count_ < known_.size()) {
      known_[known_count_++] = {member.text.data(), member.text.size()};
    } else {
      KnowMore(member.text);
    }
    const std::size_t index = IndexOf(member);
    if (index < members_.size() && index < kBits) asked_ |= std::uint64_t{1} << index;
    return index;
  }
  void KnowMore(std::string_view member) { more_known_.push_back({member.data(), member.size()}); }
  [[nodiscard]] bool IsKnown(std::string_view member) const;

  static constexpr std::size_t kBits = 64;

  // What nearly all objects have room in; one that has more members goes on in `more_known_`.
  static constexpr std::size_t kUsualMembers = 24;

  const model::Object& members_;
  Path path_;
  std::uint64_t marks_ = 0;  // of the members there are
  std::uint64_t asked_ = 0;  // for which of the first 64 members
  // Not a view, which would be made for each place.
  struct Name {
    const char* data;
    std::size_t size;
  };
  std::array<Name, kUsualMembers> known_;
  std::size_t known_count_ = 0;
  std::vector<Name> more_known_;
  std::optional<base::Error> error_;
};

}  // namespace pennon::wire
