#include "wire/object_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/short_text.h"
#include "base/timestamp.h"

namespace pennon::wire {

using base::Error;
using model::Value;

namespace {

const model::Object kNoMembers;

}  // namespace

ObjectReader::ObjectReader(const Value& value, const Path& path)
    : members_(value.AsObject() == nullptr ? kNoMembers : *value.AsObject()), path_(path) {
  if (value.AsObject() == nullptr) Expected("", value, "an object");
  for (const auto& [name, member] : members_) marks_ |= MemberName(name).mark;
}

std::size_t ObjectReader::Seek(std::string_view member) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& one) {
    return base::SameText(one.first, member);
  });
  return static_cast<std::size_t>(found - members_.begin());
}

void ObjectReader::ReadBool(const MemberName& member, const Value& found, bool& out) {
  const bool* boolean = found.AsBool();
  if (boolean == nullptr) return Expected(member, found, "true or false");
  out = *boolean;
}

void ObjectReader::ReadString(const MemberName& member, const Value& found, std::string& out) {
  const std::string* text = found.AsString();
  if (text == nullptr) return Expected(member, found, "a string");
  out = *text;
}

void ObjectReader::RequiredString(const MemberName& member, std::string& out) {
  if (!failed() && !Has(member)) Invalid(member, "is missing, expected a string");
  String(member, out);
}

void ObjectReader::Strings(const MemberName& member, std::vector<std::string>& out) {
  out.clear();
  Each(member, [&](const Value& element, const Path& path) -> std::optional<Error> {
    const std::string* text = element.AsString();
    if (text == nullptr) {
      return Error::Invalid(path.Text(),
                            "is " + std::string(TypeName(element)) + ", expected a string");
    }
    out.push_back(*text);
    return std::nullopt;
  });
}

void ObjectReader::OneOrMore(const MemberName& member, std::vector<std::string>& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  if (const std::string* text = found->AsString()) {
    out.assign(1, *text);
  } else if (found->AsArray() != nullptr) {
    Strings(member, out);
  } else {
    Expected(member, *found, "a string or an array of strings");
  }
}

void ObjectReader::Values(const MemberName& member, std::vector<Value>& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const model::Array* array = found->AsArray();
  if (array == nullptr) return Expected(member, *found, "an array");
  out = *array;
}

void ObjectReader::Unsigned(const MemberName& member, std::uint64_t max, std::uint64_t& out) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const std::int64_t* whole = found->AsInt();
  if (whole == nullptr || *whole < 0 || static_cast<std::uint64_t>(*whole) > max) {
    return Expected(member, *found, "a whole number from 0 to " + std::to_string(max));
  }
  out = static_cast<std::uint64_t>(*whole);
}

void ObjectReader::RequiredUnsigned(const MemberName& member, std::uint64_t max,
                                    std::uint64_t& out) {
  if (!failed() && !Has(member)) Invalid(member, "is missing, expected a whole number");
  Unsigned(member, max, out);
}

void ObjectReader::Instant(const MemberName& member, std::int64_t& out) {
  const Value* value = Get(member);
  if (value == nullptr) return;
  std::optional<std::int64_t> micros;
  if (const std::string* text = value->AsString()) micros = base::ParseTimestamp(*text);
  if (const std::int64_t* millis = value->AsInt()) micros = base::MicrosOfMillis(*millis);
  const double* const real = value->AsDouble();  // 1767225600000.0 is a whole number, too
  if (real != nullptr && std::floor(*real) == *real) micros = base::MicrosOfMillis(*real);
  if (!micros) return Invalid(member, "expected an instant such as \"2027-01-31T12:00:00Z\"");
  out = *micros;
}

void ObjectReader::RequiredInstant(const MemberName& member, std::int64_t& out) {
  if (!failed() && !Has(member)) Invalid(member, "is missing, expected an instant");
  Instant(member, out);
}

void ObjectReader::Each(
    const MemberName& member,
    const std::function<std::optional<Error>(const Value&, const Path&)>& read) {
  const Value* found = Get(member);
  if (found == nullptr) return;
  const model::Array* array = found->AsArray();
  if (array == nullptr) return Expected(member, *found, "an array");
  const Path list = PathOf(member);
  for (std::size_t i = 0; i < array->size() && !failed(); ++i) {
    Note(read((*array)[i], list.Element(i)));
  }
}

void ObjectReader::Invalid(std::string_view member, std::string_view what) {
  Note(Error::Invalid(PathOf(member).Text(), what));
}

void ObjectReader::Note(std::optional<Error> error) {
  if (!error_) error_ = std::move(error);
}

void ObjectReader::Expected(const MemberName& member, const Value& found, std::string_view what) {
  std::string shown(TypeName(found));
  if (found.AsInt() != nullptr) shown = std::to_string(*found.AsInt());
  Invalid(member, "is " + shown + ", expected " + std::string(what));
}

bool ObjectReader::IsKnown(std::string_view member) const {
  const auto is_it = [&](const Name& known) {
    return base::SameText({known.data, known.size}, member);
  };
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
    const auto append = [&](const Name& known) {
      names.append(names.empty() ? "" : ", ").append(known.data, known.size);
    };
    std::for_each_n(known_.begin(), known_count_, append);
    std::for_each(more_known_.begin(), more_known_.end(), append);
    return Error::Invalid(PathOf(member.first).Text(), "is not known here; known are " + names);
  }
  return std::nullopt;
}

}  // namespace pennon::wire
