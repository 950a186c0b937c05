// Signatures with Ed25519 (RFC 8032). Source of the algorithm: OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pennon::base {

namespace ed25519_detail {
struct FreeKey {
  void operator()(void* key) const;
};
using Key = std::unique_ptr<void, FreeKey>;  // an EVP_PKEY, whose header stays out of ours
}  // namespace ed25519_detail

/// A private key. Safe to use from any thread.
class Ed25519Signer {
 public:
  static Ed25519Signer Generate();
  /// From PEM text; kInvalid, naming `where`, when it is no private key for Ed25519.
  static Result<Ed25519Signer> FromPem(const std::string& pem, std::string_view where);

  /// 64 bytes as base64.
  [[nodiscard]] std::string Sign(std::string_view text) const;
  [[nodiscard]] std::string PrivatePem() const;
  [[nodiscard]] std::string PublicPem() const;

 private:
  explicit Ed25519Signer(ed25519_detail::Key key) : key_(std::move(key)) {}
  ed25519_detail::Key key_;
};

/// A public key, or several while one takes the place of another. Safe to use from any thread.
class Ed25519Verifier {
 public:
  /// From PEM text with one key after the other; kInvalid, naming `where`, when there is none or
  /// one is no public key for Ed25519.
  static Result<Ed25519Verifier> FromPem(const std::string& pem, std::string_view where);
  /// Whether `signature`, as Sign gives it, is that of `text` with one of the keys.
  [[nodiscard]] bool Verify(std::string_view text, std::string_view signature) const;

 private:
  explicit Ed25519Verifier(std::vector<ed25519_detail::Key> keys) : keys_(std::move(keys)) {}
  std::vector<ed25519_detail::Key> keys_;
};

}  // namespace pennon::base
