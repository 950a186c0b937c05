// Places in a text, and the path of the value that a reader has come to.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pennon::wire {

/// Both counted from 1; columns in bytes.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// The position of byte `offset`.
TextPosition PositionAt(std::string_view text, std::size_t offset);
/// "3:14", the place that errors of readers have.
std::string LineAndColumn(const TextPosition& position);

/// Follows a reader through a document, on the lookout for the value that `wanted`, a path as
/// errors have it (`flags.a.rules[0].when`), names. Keys may contain dots, so whole paths are
/// compared. Each of the first three says whether what begins here is nearer than all before.
/// Borrows `wanted`. Confined to one thread.
class PathTracker {
 public:
  explicit PathTracker(std::string_view wanted) : wanted_(wanted) {}

  bool Key(std::string_view key);
  bool Scalar();
  bool Open(bool is_array);
  void Close();

 private:
  struct Container {
    bool is_array = false;
    std::size_t path_size = 0;
    std::size_t next_index = 0;
  };

  bool BeginValue();
  void EndValue();
  bool IsNearest();

  std::string_view wanted_;
  std::string path_;
  std::vector<Container> open_;
  std::size_t longest_ = 0;
};

}  // namespace pennon::wire
