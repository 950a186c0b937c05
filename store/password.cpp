#include "store/password.h"

#include <sodium.h>

#include <array>

namespace pennon::store {
namespace {

// Of a password that nobody has; for those who do not exist.
const std::string& NobodysHash() {
  static const std::string kHash = HashPassword("nobody's password").value_or("");
  return kHash;
}

}  // namespace

base::Result<void> CheckPassword(std::string_view where, std::string_view password) {
  if (password.size() >= kMinPasswordBytes && password.size() <= kMaxPasswordBytes) return {};
  return base::Fail(base::Error::Invalid(where, "expected a password of " +
                                                    std::to_string(kMinPasswordBytes) + " to " +
                                                    std::to_string(kMaxPasswordBytes) + " bytes"));
}

base::Result<std::string> HashPassword(std::string_view password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (::sodium_init() >= 0 && ::crypto_pwhash_str_alg(text.data(), password.data(), password.size(),
                                                      crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                                      crypto_pwhash_MEMLIMIT_INTERACTIVE,
                                                      crypto_pwhash_ALG_ARGON2ID13) == 0) {
    return std::string(text.data());
  }
  return base::Fail(base::Error::Unavailable("password", "there is no memory to hash it"));
}

bool MatchesPassword(const std::string& hash, std::string_view password) {
  const std::string& compared = hash.empty() ? NobodysHash() : hash;
  const bool fits =
      password.size() <= kMaxPasswordBytes && ::sodium_init() >= 0 &&
      ::crypto_pwhash_str_verify(compared.c_str(), password.data(), password.size()) == 0;
  return fits && !hash.empty();
}

}  // namespace pennon::store
