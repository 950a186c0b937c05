// Where something stands in a document: "rules[0].when.attr".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pennon::wire {

/// Made into text only for an error, so that what is right pays nothing for it. A path borrows its
/// parent and the names, which must outlive it: readers hand it down the stack and keep none.
class Path {
 public:
  /// From a text; "" is the document itself.
  Path(std::string_view text) : name_(text) {}
  Path(const char* text) : name_(text) {}
  Path(const std::string& text) : name_(text) {}
  Path(std::string&& temporary) = delete;

  /// "" is the parent itself.
  [[nodiscard]] Path Member(std::string_view name) const { return {this, name, 0}; }
  [[nodiscard]] Path Element(std::size_t index) const { return {this, {}, index + 1}; }

  [[nodiscard]] std::string Text() const;

 private:
  Path(const Path* parent, std::string_view name, std::size_t number)
      : parent_(parent), name_(name), number_(number) {}

  const Path* parent_ = nullptr;
  std::string_view name_;
  std::size_t number_ = 0;  // of an element, counted from 1; 0: a member
};

}  // namespace pennon::wire
