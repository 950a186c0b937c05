#include "base/gzip.h"

#include <zlib.h>

#include <memory>
#include <new>

namespace pennon::base {
namespace {

constexpr int kWindowBits = 15 + 16;  // the largest window, with gzip's head and tail
constexpr int kMemoryLevel = 8;

}  // namespace

std::string Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kWindowBits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();  // nothing else can fail
  }
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream,
                                                          deflateEnd);  // memory may run out
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib's old C
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  return out;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  const std::size_t at = accept_encoding.find("gzip");
  if (at == std::string_view::npos) return false;
  const std::string_view parameters =
      accept_encoding.substr(at + 4, accept_encoding.find(',', at) - at - 4);
  const std::size_t q = parameters.find("q=0");
  return q == std::string_view::npos ||
         parameters.find_first_of("123456789", q) != std::string_view::npos;
}

}  // namespace pennon::base
