// RapidJSON's reader, but for what it does without memory: its own would write to a null pointer.
#pragma once

#include <rapidjson/reader.h>

#include <cstdlib>

#include "base/out_of_memory.h"

namespace pennon::wire {

/// RapidJSON's idea of an allocator; throws std::bad_alloc.
class JsonAllocator {
 public:
  static constexpr bool kNeedFree = true;

  // The names are RapidJSON's.
  void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }
  void* Realloc(void* memory, std::size_t /*old_size*/, std::size_t size) {
    if (size != 0) return base::Reallocate(memory, size);
    Free(memory);
    return nullptr;
  }
  static void Free(void* memory) { std::free(memory); }
};

using JsonReader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, JsonAllocator>;

}  // namespace pennon::wire
