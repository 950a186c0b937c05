// Finds candidates by their key.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/text_hash.h"
#include "engine/quarantine.h"
#include "engine/references.h"

namespace pennon::engine {

/// The table is made when the first key is sought: most definitions refer to no other. Borrows the
/// candidates, whose keys and places must stay. Confined to one thread.
template <typename T>
class KeyIndex {
 public:
  explicit KeyIndex(const Candidates<T>& candidates) : candidates_(candidates) {}

  /// The place among the candidates; kMissing when there is no such key.
  std::uint32_t Place(std::string_view key) {
    if (places_.empty()) Make();
    const auto found = places_.find(key);
    return found == places_.end() ? kMissing : found->second;
  }
  /// Null when there is no such key.
  const Candidate<T>* Find(std::string_view key) {
    const std::uint32_t place = Place(key);
    return place == kMissing ? nullptr : &candidates_[place];
  }

 private:
  void Make() {
    places_.reserve(candidates_.size());
    for (std::uint32_t i = 0; i < candidates_.size(); ++i) places_.emplace(candidates_[i].key, i);
  }

  const Candidates<T>& candidates_;
  base::TextMap<std::string_view, std::uint32_t> places_;
};

}  // namespace pennon::engine
