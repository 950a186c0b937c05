// SHA-256 over bytes, and random tokens. Source of the algorithm: OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace pennon::base {

inline constexpr std::size_t kSha256HexSize = 64;

/// A SHA-256 digest as 64 lower-case hexadecimal characters.
std::string Sha256Hex(std::string_view bytes);

/// SHA-256 over pieces. Confined to one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(std::string_view bytes);
  /// Ends the computation; the object must not be used afterwards.
  std::string FinishHex();

 private:
  void* context_;
};

/// `prefix` + 256 random bits as 64 hexadecimal characters: for tokens and salts.
std::string RandomToken(std::string_view prefix, std::size_t random_bytes = 32);

/// Compares in a time that depends on the lengths only.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace pennon::base
