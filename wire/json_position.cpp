#include "wire/json_position.h"

#include <rapidjson/memorystream.h>

#include <string_view>

#include "wire/json_reader.h"

namespace pennon::wire {
namespace {

class Tracker : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Tracker> {
 public:
  Tracker(std::string_view text, const rapidjson::MemoryStream& stream, std::string_view wanted)
      : text_(text), stream_(stream), path_(wanted) {}

  bool Default() { return Note(path_.Scalar()); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    return Note(path_.Key({text, size}));
  }
  bool StartObject() { return Note(path_.Open(false)); }
  bool EndObject(rapidjson::SizeType) { return Close(); }
  bool StartArray() { return Note(path_.Open(true)); }
  bool EndArray(rapidjson::SizeType) { return Close(); }

  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  bool Note(bool is_nearest) {
    if (is_nearest) offset_ = BeginOfLast();
    return true;
  }
  bool Close() {
    path_.Close();
    return true;
  }
  // The key, bracket or scalar that the reader has just passed begins here.
  [[nodiscard]] std::size_t BeginOfLast() const {
    const std::size_t last = stream_.Tell() - 1;
    if (text_[last] == '"') return text_.rfind('"', last - 1);
    if (text_[last] == '{' || text_[last] == '[') return last;
    return text_.find_last_of(",[ \t\r\n", last) + 1;
  }

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  PathTracker path_;
  std::size_t offset_ = 0;
};

}  // namespace

TextPosition FindJsonPosition(std::string_view text, std::string_view path) {
  rapidjson::MemoryStream stream(text.data(), text.size());
  JsonReader reader;
  Tracker tracker(text, stream, path);
  reader.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(stream,
                                                                                       tracker);
  return PositionAt(text, tracker.offset());
}

}  // namespace pennon::wire
