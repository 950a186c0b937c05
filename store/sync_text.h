// What daemons are sent, as text and compressed. Knows neither sets nor HTTP.
#pragma once

#include <string>

namespace pennon::store {

/// Immutable; shared by all who are sent it.
struct SyncText {
  /// Compresses it. Takes its time for a large one; throws std::bad_alloc.
  explicit SyncText(std::string whole);

  std::string text;
  std::string gzipped;  // "": compression would save no packet
};

}  // namespace pennon::store
