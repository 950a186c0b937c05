#include "wire/path.h"

namespace pennon::wire {

std::string Path::Text() const {
  std::string text = parent_ == nullptr ? std::string() : parent_->Text();
  if (number_ != 0) return text.append(1, '[').append(std::to_string(number_ - 1)).append(1, ']');
  if (!text.empty() && !name_.empty()) text += '.';
  return text.append(name_);
}

}  // namespace pennon::wire
