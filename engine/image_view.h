// A verified image as arrays of its records, and the way from a record to what lies in its block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/image.h"

namespace pennon::engine {

class Regexes;

/// About what a flag of one rule and one split takes.
inline constexpr std::size_t kPrefetchBytes = 192;

/// The shared tables of a verified image as arrays. Borrows the image.
struct ImageView {
  std::span<const std::byte> image;
  std::span<const std::uint32_t> flags;
  std::span<const std::uint32_t> segments;
  std::span<const AttributeRef> attributes;
  std::span<const TextRef> paths;
  std::span<const ValueSet> sets;
  std::span<const Literal> literals;
  std::span<const std::uint32_t> slots;
  std::span<const TextRef> patterns;  // regular expressions
  std::span<const VariantRecord> variants;
  const Regexes* regexes = nullptr;  // the same, compiled

  [[nodiscard]] std::string_view Text(TextRef ref) const {
    return {reinterpret_cast<const char*>(image.data()) + ref.offset, ref.size};
  }
  /// Of a literal that is a string; valid as long as the literal is.
  [[nodiscard]] std::string_view Text(const Literal& literal) const {
    if (literal.size > kInlineText) {
      return Text({static_cast<std::uint32_t>(literal.payload), literal.size});
    }
    return {reinterpret_cast<const char*>(&literal.payload), literal.size};
  }
  /// Asks the processor for a block, all its first lines at once: read one by one, each of them
  /// would be waited for.
  void PrefetchBlock(std::uint32_t offset) const {
    const std::byte* const block = image.data() + offset;
    for (std::size_t line = 0; line < kPrefetchBytes; line += kBlockAlignment) {
      __builtin_prefetch(block + line);
    }
  }
  template <typename Block>
  [[nodiscard]] const Block& BlockAt(std::uint32_t offset) const {
    return *reinterpret_cast<const Block*>(image.data() + offset);
  }
};

/// The records of a part of `block`.
template <typename Block, typename T>
std::span<const T> PartOf(const Block& block, Part<T> part) {
  const auto* start = reinterpret_cast<const std::byte*>(&block);
  return {reinterpret_cast<const T*>(start + part.offset), part.count};
}
/// The one record at `offset` in `block`.
template <typename T, typename Block>
const T& RecordAt(const Block& block, std::uint32_t offset) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const std::byte*>(&block) + offset);
}

inline std::string_view KeyOf(const FlagRecord& flag) {
  return {reinterpret_cast<const char*>(&flag + 1), flag.key_size};
}

/// Calls `visit(section, array)` for every shared table: the one list that the writer and the
/// verifier share.
template <typename Header, typename Tables, typename Visitor>
void ForEachTable(Header& header, Tables& tables, Visitor&& visit) {
  visit(header.flags, tables.flags);
  visit(header.segments, tables.segments);
  visit(header.attributes, tables.attributes);
  visit(header.paths, tables.paths);
  visit(header.sets, tables.sets);
  visit(header.literals, tables.literals);
  visit(header.slots, tables.slots);
  visit(header.patterns, tables.patterns);
  visit(header.variants, tables.variants);
}

}  // namespace pennon::engine
