#include "store/current_tls.h"

#include "store/timestamp.h"

namespace pennon::store {

base::Result<std::unique_ptr<CurrentTls>> CurrentTls::Read(std::string certificate_file,
                                                           std::string key_file) {
  std::unique_ptr<CurrentTls> tls(new CurrentTls(std::move(certificate_file), std::move(key_file)));
  if (auto read = tls->Reload(); !read) return base::Fail(read.error());
  return tls;
}

std::shared_ptr<const net::TlsContext> CurrentTls::get() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

base::Result<void> CurrentTls::Reload() {
  if (!is_on()) return {};
  auto context = net::TlsContext::Read(certificate_file_, key_file_);
  if (!context) return base::Fail(context.error());
  const std::lock_guard lock(mutex_);
  context_ = *std::move(context);
  return {};
}

std::string CurrentTls::Describe() const {
  const auto context = get();
  return context == nullptr ? "none" : "until " + Timestamp(context->expires_at() * 1000);
}

}  // namespace pennon::store
