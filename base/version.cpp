#include "base/version.h"

#include <elf.h>
#include <link.h>

#include <cstddef>

namespace pennon::base {
namespace {

// The notes of a segment: each a header, a name and a description, padded to 4 bytes.
std::string BuildIdIn(const char* notes, std::size_t size) {
  constexpr std::size_t kPadding = 4;
  const auto padded = [](std::size_t bytes) {
    return (bytes + kPadding - 1) / kPadding * kPadding;
  };
  while (size >= sizeof(ElfW(Nhdr))) {
    const auto* const note = reinterpret_cast<const ElfW(Nhdr)*>(notes);
    const std::size_t name = padded(note->n_namesz);
    const std::size_t whole = sizeof(*note) + name + padded(note->n_descsz);
    if (whole > size) break;
    const char* const text = notes + sizeof(*note);
    if (note->n_type == NT_GNU_BUILD_ID &&
        std::string_view(text, note->n_namesz) == std::string_view("GNU", sizeof("GNU"))) {
      std::string id;
      for (std::size_t i = 0; i < note->n_descsz; ++i) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(text[name + i]);
        id += {kDigits[byte >> 4U], kDigits[byte & 0xfU]};
      }
      return id;
    }
    notes += whole;
    size -= whole;
  }
  return "";
}

// Called for the program first, then for its libraries.
int FindInProgram(dl_phdr_info* info, std::size_t /*size*/, void* out) {
  auto& id = *static_cast<std::string*>(out);
  for (std::size_t i = 0; i < info->dlpi_phnum && id.empty(); ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    id = BuildIdIn(reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr),
                   segment.p_memsz);
  }
  return 1;  // the libraries do not matter
}

}  // namespace

std::string_view Version() {
  return PENNON_VERSION;
}

std::string BuildId() {
  std::string id;
  ::dl_iterate_phdr(FindInProgram, &id);
  return id;
}

}  // namespace pennon::base
