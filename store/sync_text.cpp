#include "store/sync_text.h"

#include <utility>

#include "base/gzip.h"

namespace pennon::store {
namespace {

constexpr std::size_t kMinGzipBytes = 1400;

}  // namespace

SyncText::SyncText(std::string whole) : text(std::move(whole)) {
  if (text.size() >= kMinGzipBytes) gzipped = base::Gzip(text);
}

}  // namespace pennon::store
