#include "wire/json_position.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pennon::wire {
namespace {

// Keeps the path of the value that comes next, and the place of the last value whose path is the
// beginning of the path that is looked for. Keys may contain dots, so whole texts are compared.
class Tracker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Tracker> {
 public:
  Tracker(std::string_view text, const rapidjson::MemoryStream& stream, std::string_view wanted)
      : text_(text), stream_(stream), wanted_(wanted) {}

  bool Default() {
    BeginValue();
    EndValue();
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    path_.resize(open_.back().path_size);
    if (!path_.empty()) path_ += '.';
    path_.append(text, size);
    NoteIfWanted();
    return true;
  }
  bool StartObject() { return Open(false); }
  bool EndObject(rapidjson::SizeType) { return Close(); }
  bool StartArray() { return Open(true); }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  struct Container {
    bool is_array = false;
    std::size_t path_size = 0;
    std::size_t next_index = 0;
  };

  void BeginValue() {
    if (open_.empty() || !open_.back().is_array) return;
    path_.resize(open_.back().path_size);
    path_ += '[' + std::to_string(open_.back().next_index++) + ']';
    NoteIfWanted();
  }
  void EndValue() {
    if (!open_.empty()) path_.resize(open_.back().path_size);
  }
  bool Open(bool is_array) {
    BeginValue();
    open_.push_back({is_array, path_.size(), 0});
    return true;
  }
  bool Close() {
    open_.pop_back();
    EndValue();
    return true;
  }
  // The key, bracket or scalar that the reader has just passed begins here.
  [[nodiscard]] std::size_t BeginOfLast() const {
    const std::size_t last = stream_.Tell() - 1;
    if (text_[last] == '"') return text_.rfind('"', last - 1);
    if (text_[last] == '{' || text_[last] == '[') return last;
    return text_.find_last_of(",[ \t\r\n", last) + 1;
  }
  void NoteIfWanted() {
    if (path_.size() <= longest_ || !wanted_.starts_with(path_)) return;
    const std::string_view rest = wanted_.substr(path_.size());
    if (!rest.empty() && rest.front() != '.' && rest.front() != '[') return;
    longest_ = path_.size();
    offset_ = BeginOfLast();
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  std::string_view wanted_;
  std::string path_;
  std::vector<Container> open_;
  std::size_t longest_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace

JsonPosition PositionAt(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          before.size() - line_start + 1};
}

JsonPosition FindPosition(std::string_view text, std::string_view path) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  Tracker tracker(text, stream, path);
  reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream,
                                                                                       tracker);
  return PositionAt(text, tracker.offset());
}

}  // namespace pennon::wire
