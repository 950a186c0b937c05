// Builds a model::Value from the events of a reader.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/value.h"

namespace pennon::wire {

/// What belongs to containers that are still open lies on one stack, so a container is made once,
/// of the size that it has. The reader calls in a document's order, Key before each member's value.
/// Confined to one thread.
class ValueBuilder {
 public:
  void Key(std::string_view key) { key_ = key; }
  template <typename T>
  void Put(T&& value) {
    stack_.emplace_back(std::move(key_), std::forward<T>(value));
  }
  // The key of an open container waits in its place on the stack.
  void Open() {
    Put(nullptr);
    open_.push_back(stack_.size());
  }
  void CloseObject() {
    const auto members = InnermostContents();
    Close(model::Object(std::move_iterator(members.begin()), std::move_iterator(members.end())));
  }
  void CloseArray() {
    model::Array array;
    array.reserve(stack_.size() - open_.back());
    for (auto& element : InnermostContents()) array.push_back(std::move(element.second));
    Close(std::move(array));
  }

  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  /// Members or elements of the innermost open container so far.
  std::span<model::Object::value_type> InnermostContents() {
    return std::span(stack_).subspan(open_.back());
  }
  /// The key of the innermost open container, and what was put last.
  [[nodiscard]] const std::string& owner() const { return stack_[open_.back() - 1].first; }
  model::Object::value_type& last() { return stack_.back(); }
  /// The root, when everything is closed.
  model::Value Take() { return std::move(stack_.front().second); }

 private:
  template <typename Container>
  void Close(Container&& done) {
    stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(open_.back()), stack_.end());
    open_.pop_back();
    stack_.back().second.data = std::forward<Container>(done);
  }

  model::Object stack_;            // the root, and what open containers have so far
  std::vector<std::size_t> open_;  // where the contents of each open container begin
  std::string key_;                // of the member being read
};

}  // namespace pennon::wire
