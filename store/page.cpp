#include "store/page.h"

#include <algorithm>

#include "base/gzip.h"
#include "store/page_files.h"

namespace pennon::store {
namespace {

// Nothing but the page's own files and the store's own API; Preact needs no inline script or style.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'";

}  // namespace

bool ServePage(const net::HttpRequest& request, net::HttpResponse& response) {
  if (request.method != "GET" && request.method != "HEAD") return false;
  const auto files = PageFiles();
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const PageFile& one) { return one.path == request.path; });
  if (file == files.end()) return false;
  const bool is_gzip = base::AcceptsGzip(request.Header("Accept-Encoding"));
  // A weak tag: it is that of the content, however it is encoded.
  const std::string tag = "W/\"" + std::string(file->digest) + '"';
  // The names of scripts and styles change with their content, that of the page does not.
  const bool is_for_ever = request.path != "/";
  auto& headers = response.headers;
  headers.emplace_back("ETag", tag);
  headers.emplace_back("Cache-Control",
                       is_for_ever ? "public, max-age=31536000, immutable" : "no-cache");
  headers.emplace_back("Vary", "Accept-Encoding");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Content-Security-Policy", kPolicy);
  if (request.Header("If-None-Match").find(tag) != std::string_view::npos) {
    response.status = 304;
    response.content_type = {};
    return true;
  }
  response.content_type = file->content_type;
  response.body = is_gzip ? file->gzip : file->plain;
  if (is_gzip) headers.emplace_back("Content-Encoding", "gzip");
  return true;
}

}  // namespace pennon::store
