// The certificate in force, which SIGHUP replaces.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "net/tls.h"

namespace pennon::store {

/// Safe from any thread.
class CurrentTls {
 public:
  /// Both "": there is no TLS.
  static base::Result<std::unique_ptr<CurrentTls>> Read(std::string certificate_file,
                                                        std::string key_file);

  [[nodiscard]] bool is_on() const { return !certificate_file_.empty(); }
  [[nodiscard]] std::shared_ptr<const net::TlsContext> get() const;
  /// Reads the files again; keeps what it has when they are wrong.
  base::Result<void> Reload();
  /// For the log: "none", or until when the certificate is good.
  [[nodiscard]] std::string Describe() const;

 private:
  CurrentTls(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}

  const std::string certificate_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  std::shared_ptr<const net::TlsContext> context_;
};

}  // namespace pennon::store
