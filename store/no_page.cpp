// In the place of the admin UI when it is not built.
#include "store/page_files.h"

namespace pennon::store {

std::span<const PageFile> PageFiles() {
  return {};
}

}  // namespace pennon::store
