// TLS on connections that come in: OpenSSL between a connection's bytes and the protocol it speaks.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/stream_protocol.h"

namespace pennon::net {

/// A certificate and its key, read once. Immutable; safe to use from any thread.
class TlsContext {
 public:
  /// `certificate_file`: the server's certificate and those that link it to its authority (PEM);
  /// `key_file`: its private key (PEM, without a password), which not everybody may read. Errors
  /// name the file and say what is wrong with it. TLS 1.2 is the oldest that is spoken.
  static base::Result<std::shared_ptr<const TlsContext>> Read(const std::string& certificate_file,
                                                              const std::string& key_file);
  virtual ~TlsContext() = default;
  /// When the certificate ends, in seconds since 1970.
  [[nodiscard]] virtual std::int64_t expires_at() const = 0;

 protected:
  TlsContext() = default;
};

/// The factory's protocol inside of TLS. `current` is asked for each connection, so that a
/// certificate can be replaced; it is called on the workers.
ProtocolFactory WithTls(std::function<std::shared_ptr<const TlsContext>()> current,
                        ProtocolFactory inner);

}  // namespace pennon::net
