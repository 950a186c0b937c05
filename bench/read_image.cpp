// The least that a start from the cache has to do: reads a kept image out of SQLite, and looks at
// every byte of it once:
//   read_image CACHE
// Prints the milliseconds; 0 when the file has no image.
#include <cstdio>

#include "base/sqlite.h"
#include "bench/figure.h"
#include "bench/measure.h"
#include "engine/hash.h"

namespace pennon::bench {
namespace {

double MillisToRead(const std::string& path) {
  const std::int64_t began = NowNanos();
  auto database = base::Sqlite::Open(path, false);
  if (!database) Abort(database.error().Message());
  auto select = database->Prepare("SELECT bytes FROM image");
  if (!select) Abort(select.error().Message());
  const auto row = select->Step();
  if (!row) Abort(row.error().Message());
  if (!*row) return 0;
  const std::span<const std::byte> bytes = select->Bytes(0);
  volatile std::uint64_t hash =
      engine::Hash64({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 0);
  (void)hash;
  return static_cast<double>(NowNanos() - began) / 1e6;
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::printf("%f\n", pennon::bench::MillisToRead(argv[1]));
}
