#include "wire/object_reader.h"

#include <algorithm>
#include <bit>

#include "base/short_text.h"
#include "base/timestamp.h"

namespace pennon::wire {

using base::Error;
using model::Value;

namespace {

const model::Object kNoMembers;
constexpr std::size_t kBits = 64;

// One of 64 bits; names that have the same one are compared.
std::uint64_t Mark(std::string_view member) {
  if (member.empty()) return 1;
  const auto first = static_cast<unsigned char>(member.front());
  const auto last = static_cast<unsigned char>(member.back());
  return std::uint64_t{1} << ((first + std::size_t{5} * last + member.size()) % kBits);
}

}  // namespace

ObjectReader::ObjectReader(const Value& value, std::string_view path)
    : members_(value.AsObject() == nullptr ? kNoMembers : *value.AsObject()), path_(path) {
  if (value.AsObject() == nullptr) Expected("", value, "an object");
  for (const auto& [name, member] : members_) marks_ |= Mark(name);
}

// How many members there are when there is no such one.
std::size_t ObjectReader::IndexOf(std::string_view member) const {
  if ((marks_ & Mark(member)) == 0) return members_.size();
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& one) {
    return base::SameText(one.first, member);
  });
  return static_cast<std::size_t>(found - members_.begin());
}

const Value* ObjectReader::Find(std::string_view member) const {
  const std::size_t index = IndexOf(member);
  return index == members_.size() ? nullptr : &members_[index].second;
}

std::string ObjectReader::PathOf(std::string_view member) const {
  std::string path(path_);
  if (!path.empty() && !member.empty()) path += '.';
  return path.append(member);
}

bool ObjectReader::Has(std::string_view member) const {
  const Value* found = Find(member);
  return found != nullptr && !found->IsNull();
}

const Value* ObjectReader::Get(std::string_view member) {
  const std::size_t index = Know(member);
  if (error_ || index == members_.size()) return nullptr;
  const Value& found = members_[index].second;
  return found.IsNull() ? nullptr : &found;
}

void ObjectReader::Bool(std::string_view member, bool& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const bool* boolean = found->AsBool();
  if (boolean == nullptr) return Expected(member, *found, "true or false");
  out = *boolean;
}

void ObjectReader::String(std::string_view member, std::string& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const std::string* text = found->AsString();
  if (text == nullptr) return Expected(member, *found, "a string");
  out = *text;
}

void ObjectReader::RequiredString(std::string_view member, std::string& out) {
  if (!failed() && !Has(member)) Invalid(member, "is missing, expected a string");
  String(member, out);
}

void ObjectReader::Strings(std::string_view member, std::vector<std::string>& out) {
  out.clear();
  Each(member, [&](const Value& element, const std::string& path) -> std::optional<Error> {
    const std::string* text = element.AsString();
    if (text == nullptr) {
      return Error::Invalid(path, "is " + std::string(TypeName(element)) + ", expected a string");
    }
    out.push_back(*text);
    return std::nullopt;
  });
}

void ObjectReader::OneOrMore(std::string_view member, std::vector<std::string>& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  if (const std::string* text = found->AsString()) {
    out = {*text};
  } else if (found->AsArray() != nullptr) {
    Strings(member, out);
  } else {
    Expected(member, *found, "a string or an array of strings");
  }
}

void ObjectReader::Values(std::string_view member, std::vector<Value>& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const model::Array* array = found->AsArray();
  if (array == nullptr) return Expected(member, *found, "an array");
  out = *array;
}

void ObjectReader::Unsigned(std::string_view member, std::uint64_t max, std::uint64_t& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const std::int64_t* whole = found->AsInt();
  if (whole == nullptr || *whole < 0 || static_cast<std::uint64_t>(*whole) > max) {
    return Expected(member, *found, "a whole number from 0 to " + std::to_string(max));
  }
  out = static_cast<std::uint64_t>(*whole);
}

void ObjectReader::Instant(std::string_view member, std::int64_t& out) {
  const Value* value = Get(member);
  if (value == nullptr) return;
  std::optional<std::int64_t> micros;
  if (const std::string* text = value->AsString()) micros = base::ParseTimestamp(*text);
  if (const std::int64_t* millis = value->AsInt()) micros = base::MicrosOfMillis(*millis);
  if (!micros) return Invalid(member, "expected an instant such as \"2027-01-31T12:00:00Z\"");
  out = *micros;
}

void ObjectReader::RequiredInstant(std::string_view member, std::int64_t& out) {
  if (!failed() && !Has(member)) Invalid(member, "is missing, expected an instant");
  Instant(member, out);
}

void ObjectReader::Each(
    std::string_view member,
    const std::function<std::optional<Error>(const Value&, const std::string&)>& read) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const model::Array* array = found->AsArray();
  if (array == nullptr) return Expected(member, *found, "an array");
  std::string path = PathOf(member) + '[';
  const std::size_t stem = path.size();
  for (std::size_t i = 0; i < array->size() && !failed(); ++i) {
    path.resize(stem);
    path.append(std::to_string(i)).push_back(']');
    Note(read((*array)[i], path));
  }
}

void ObjectReader::Invalid(std::string_view member, std::string_view what) {
  Note(Error::Invalid(PathOf(member), what));
}

void ObjectReader::Note(std::optional<Error> error) {
  if (!error_) error_ = std::move(error);
}

void ObjectReader::Expected(std::string_view member, const Value& found, std::string_view what) {
  std::string shown(TypeName(found));
  if (found.AsInt() != nullptr) shown = std::to_string(*found.AsInt());
  Invalid(member, "is " + shown + ", expected " + std::string(what));
}

// And where it is.
std::size_t ObjectReader::Know(std::string_view member) {
  const std::size_t index = IndexOf(member);
  if (index < members_.size() && index < kBits) asked_ |= std::uint64_t{1} << index;
  if (known_count_ < known_.size()) {
    known_[known_count_++] = member;
  } else {
    more_known_.push_back(member);
  }
  return index;
}

bool ObjectReader::IsKnown(std::string_view member) const {
  const auto is_it = [&](std::string_view known) { return base::SameText(known, member); };
  return std::any_of(known_.begin(), known_.begin() + static_cast<std::ptrdiff_t>(known_count_),
                     is_it) ||
         std::any_of(more_known_.begin(), more_known_.end(), is_it);
}

std::optional<Error> ObjectReader::Finish(std::initializer_list<std::string_view> ignored) {
  if (error_) return error_;
  for (const std::string_view member : ignored) Know(member);
  if (static_cast<std::size_t>(std::popcount(asked_)) == members_.size()) return std::nullopt;
  for (const auto& member : members_) {
    if (IsKnown(member.first)) continue;
    std::string names;
    const auto append = [&](std::string_view known) {
      names += (names.empty() ? "" : ", ") + std::string(known);
    };
    std::for_each_n(known_.begin(), known_count_, append);
    std::for_each(more_known_.begin(), more_known_.end(), append);
    return Error::Invalid(PathOf(member.first), "is not known here; known are " + names);
  }
  return std::nullopt;
}

}  // namespace pennon::wire
