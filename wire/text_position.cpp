#include "wire/text_position.h"

#include <algorithm>

namespace pennon::wire {

TextPosition PositionAt(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          before.size() - line_start + 1};
}

std::string LineAndColumn(const TextPosition& position) {
  return std::to_string(position.line) + ':' + std::to_string(position.column);
}

bool PathTracker::Key(std::string_view key) {
  path_.resize(open_.back().path_size);
  if (!path_.empty()) path_ += '.';
  path_ += key;
  return IsNearest();
}

bool PathTracker::Scalar() {
  const bool is_nearest = BeginValue();
  EndValue();
  return is_nearest;
}

bool PathTracker::Open(bool is_array) {
  const bool is_nearest = BeginValue();
  open_.push_back({is_array, path_.size(), 0});
  return is_nearest;
}

void PathTracker::Close() {
  open_.pop_back();
  EndValue();
}

bool PathTracker::BeginValue() {
  if (open_.empty() || !open_.back().is_array) return false;
  path_.resize(open_.back().path_size);
  path_ += '[' + std::to_string(open_.back().next_index++) + ']';
  return IsNearest();
}

void PathTracker::EndValue() {
  if (!open_.empty()) path_.resize(open_.back().path_size);
}

bool PathTracker::IsNearest() {
  if (path_.size() <= longest_ || !wanted_.starts_with(path_)) return false;
  const std::string_view rest = wanted_.substr(path_.size());
  if (!rest.empty() && rest.front() != '.' && rest.front() != '[') return false;
  longest_ = path_.size();
  return true;
}

}  // namespace pennon::wire
