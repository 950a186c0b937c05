// Collects the shared tables and blocks of an image and lays them out. It knows bytes and tables,
// not what flags mean; engine/flag_compiler.h does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/text_hash.h"
#include "engine/hash.h"
#include "engine/image_bytes.h"
#include "engine/image_view.h"
#include "engine/pieced_bytes.h"
#include "engine/placed_table.h"
#include "model/value.h"

namespace pennon::engine {

/// Padding would be whatever lay in memory, and the same flag set would not give the same image.
template <typename T>
inline constexpr bool kHasNoPadding = std::has_unique_object_representations_v<T>;

/// The bytes of one flag's or segment's block while it is filled.
class BlockBuilder {
 public:
  BlockBuilder() { bytes_.reserve(kUsualBytes); }

  /// Appends records, aligned, and returns where they are.
  template <typename T>
  Part<T> Append(const std::vector<T>& records) {
    return AppendAll(std::span<const T>(records));
  }
  Part<char> AppendText(std::string_view text) { return AppendAll(std::span<const char>(text)); }
  template <typename T>
  std::uint32_t Append(const T& record) {
    static_assert(kHasNoPadding<T>);
    const std::uint32_t offset = Reserve(alignof(T), sizeof(T));
    std::memcpy(bytes_.data() + offset, &record, sizeof(T));
    return offset;
  }
  template <typename T>
  void Overwrite(std::uint32_t offset, const T& record) {
    static_assert(kHasNoPadding<T>);
    std::memcpy(bytes_.data() + offset, &record, sizeof(T));
  }
  /// Fills the last cache line and returns the size.
  std::uint32_t Close() { return Reserve(kBlockAlignment, 0); }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kUsualBytes = 512;

  template <typename T>
  Part<T> AppendAll(std::span<const T> records) {
    static_assert(kHasNoPadding<T>);
    const std::uint32_t offset = Reserve(alignof(T), records.size_bytes());
    if (!records.empty()) std::memcpy(bytes_.data() + offset, records.data(), records.size_bytes());
    return {offset, static_cast<std::uint32_t>(records.size())};
  }
  std::uint32_t Reserve(std::size_t alignment, std::size_t size) {
    const std::size_t offset = (bytes_.size() + alignment - 1) / alignment * alignment;
    bytes_.resize(offset + size);
    return static_cast<std::uint32_t>(offset);
  }
  std::vector<std::byte> bytes_;
};

/// A table of an image: what is taken over from another image, and what is added behind it.
template <typename T>
class GrownTable {
 public:
  void Take(std::span<const T> records) { taken_ = records; }
  void push_back(const T& record) { added_.push_back(record); }
  void Append(std::span<const T> records) {
    added_.insert(added_.end(), records.begin(), records.end());
  }
  [[nodiscard]] std::size_t size() const { return taken_.size() + added_.size(); }
  [[nodiscard]] std::span<const T> taken() const { return taken_; }
  [[nodiscard]] std::span<const T> added() const { return added_; }
  /// The last `count` of what was added.
  std::span<T> Last(std::size_t count) { return std::span(added_).last(count); }

 private:
  std::span<const T> taken_;
  std::vector<T> added_;
};

/// Text is put at its final offset at once, because it comes first in the image: header, text,
/// tables, blocks. Equal texts, attributes and sets are stored once. Confined to one thread.
class ImageBuilder {
 public:
  ImageBuilder() = default;
  /// Begins with all that an image of a builder holds beside its flags, at the same places, for
  /// FinishOver; borrows it until then. What it holds is not looked for in what is added later,
  /// which may so be stored again.
  explicit ImageBuilder(const ImageView& base);

  TextRef AddText(std::string_view text);
  /// An attribute by its path, outermost name first; the index in `attributes`.
  std::uint32_t AddAttribute(const std::vector<std::string>& path);
  /// A list of attributes that follow each other in `attributes`; with `chained` each is the
  /// alternative of the one before it.
  Range AddAttributes(std::span<const std::vector<std::string>> paths, bool chained = false);
  /// A set of scalars; the index in `sets`. With `ignore_case` strings are stored in lower case.
  std::uint32_t AddSet(const std::vector<model::Value>& values, bool ignore_case);
  /// A regular expression; the number in `patterns`.
  std::uint32_t AddPattern(const std::string& pattern);

  /// A flag's variants; their place in `variants`.
  Range AddVariants(const std::vector<VariantRecord>& variants);

  /// Closed blocks in the order in which they will lie; a flag's key is for the table that finds
  /// it, and has to live until Finish.
  void AddSegment(std::span<const std::byte> block);
  void AddFlag(std::string_view key, std::span<const std::byte> block);

  /// The finished image. Fails when it would be larger than kMaxImageBytes.
  base::Result<ImageBytes> Finish(std::string_view environment, std::uint64_t epoch,
                                  std::uint64_t revision);
  /// The same for a builder that began with an image: its flags as they are, but the i-th that was
  /// added in the place of the one with the index `replaced[i]` and the same key. Ascending.
  base::Result<ImageBytes> FinishOver(std::span<const std::uint32_t> replaced,
                                      std::string_view environment, std::uint64_t epoch,
                                      std::uint64_t revision);

 private:
  struct Tables {
    GrownTable<std::uint32_t> flags;
    GrownTable<std::uint32_t> segments;
    GrownTable<AttributeRef> attributes;
    GrownTable<TextRef> paths;
    GrownTable<ValueSet> sets;
    GrownTable<Literal> literals;
    GrownTable<std::uint32_t> slots;
    GrownTable<TextRef> patterns;
    GrownTable<VariantRecord> variants;
  };

  AttributeRef MakeAttribute(const std::vector<std::string>& path);
  ImageHeader MakeHeader(std::string_view environment, std::uint64_t epoch, std::uint64_t revision);
  /// Gives the tables, the segments' blocks and the image their places and sizes; where the flags'
  /// blocks begin.
  base::Result<std::uint32_t> LayOut(ImageHeader& header, std::size_t flag_bytes);
  ImageBytes Write(ImageHeader& header, std::uint32_t flags_at,
                   const std::function<void(std::byte*)>& copy_flags) const;

  HashTable AddTable(const PlacedTable& placed);
  [[nodiscard]] std::size_t TextEnd() const {
    return sizeof(ImageHeader) + taken_text_.size() + text_.size();
  }

  const ImageView* base_ = nullptr;
  std::string_view taken_text_;  // of the base
  std::string text_;
  base::TextMap<std::string, TextRef> texts_;
  base::TextMap<std::string, Range> attribute_lists_;
  base::TextMap<std::string, std::uint32_t> set_index_;
  base::TextMap<std::string, std::uint32_t> pattern_index_;
  base::TextMap<std::string, Range> variant_lists_;
  Tables tables_;
  std::vector<std::string_view> flag_keys_;
  std::vector<std::byte> segment_blocks_;
  PiecedBytes flag_blocks_;
};

}  // namespace pennon::engine
