// Reads the members of one JSON object with errors that name the path, and refuses members that
// nobody asked for.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/value.h"

namespace pennon::wire {

/// Collects the first error; later reads do nothing. `path` is put before the member's name in
/// errors. Borrows value and path. Confined to one thread.
class ObjectReader {
 public:
  ObjectReader(const model::Value& value, std::string_view path);
  template <std::same_as<std::string> Temporary>
  ObjectReader(const model::Value& value, Temporary&& path) = delete;

  [[nodiscard]] bool Has(std::string_view member) const;
  /// The member, or null when absent; it counts as known. `null` counts as absent.
  const model::Value* Get(std::string_view member);

  void Bool(std::string_view member, bool& out);
  void String(std::string_view member, std::string& out);
  void RequiredString(std::string_view member, std::string& out);
  void Strings(std::string_view member, std::vector<std::string>& out);
  void Values(std::string_view member, std::vector<model::Value>& out);
  /// One string or an array of them.
  void OneOrMore(std::string_view member, std::vector<std::string>& out);
  /// A whole number from 0 to `max`.
  void Unsigned(std::string_view member, std::uint64_t max, std::uint64_t& out);
  /// An instant, in microseconds since 1970: an RFC 3339 string, or milliseconds.
  void Instant(std::string_view member, std::int64_t& out);
  void RequiredInstant(std::string_view member, std::int64_t& out);
  /// Calls `read(element, path, out.emplace_back())` for each element of an array member.
  template <typename T>
  void Each(std::string_view member, std::vector<T>& out,
            std::optional<base::Error> (*read)(const model::Value&, const std::string&, T&)) {
    const model::Value* const found = Find(member);
    if (found != nullptr && found->AsArray() != nullptr) out.reserve(found->AsArray()->size());
    Each(member, [&out, read](const model::Value& element, const std::string& path) {
      return read(element, path, out.emplace_back());
    });
  }
  /// Calls `read(element, path)` for each element of an array member.
  void Each(std::string_view member,
            const std::function<std::optional<base::Error>(const model::Value&,
                                                           const std::string&)>& read);

  /// Notes an error at `member`, unless there is one already.
  void Invalid(std::string_view member, std::string_view what);
  void Note(std::optional<base::Error> error);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  /// The first error; for formats whose unknown members are passed over, instead of Finish.
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }
  [[nodiscard]] std::string PathOf(std::string_view member) const;

  /// The first error, or one for the first member that nobody read.
  std::optional<base::Error> Finish(std::initializer_list<std::string_view> ignored = {});

 private:
  [[nodiscard]] std::size_t IndexOf(std::string_view member) const;
  [[nodiscard]] const model::Value* Find(std::string_view member) const;
  void Expected(std::string_view member, const model::Value& found, std::string_view what);

  std::size_t Know(std::string_view member);
  [[nodiscard]] bool IsKnown(std::string_view member) const;

  // What nearly all objects have room in; one that has more members goes on in `more_known_`.
  static constexpr std::size_t kUsualMembers = 24;

  const model::Object& members_;
  std::string_view path_;
  std::uint64_t marks_ = 0;  // of members there are: nearly all that are asked for are not there
  std::uint64_t asked_ = 0;  // for which of the first 64 members
  std::array<std::string_view, kUsualMembers> known_;
  std::size_t known_count_ = 0;
  std::vector<std::string_view> more_known_;
  std::optional<base::Error> error_;
};

}  // namespace pennon::wire
