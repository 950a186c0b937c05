#include "base/digest.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "base/out_of_memory.h"

namespace pennon::base {
namespace {

std::string Hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 15U];
  }
  return text;
}

// Fetched once: EVP_sha256() through the one-shot calls looks the algorithm up at every digest.
const EVP_MD* Algorithm() {
  static EVP_MD* const kAlgorithm = NotNull(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return kAlgorithm;
}

}  // namespace

Sha256::Sha256() : context_(NotNull(EVP_MD_CTX_new())) {
  auto* const context = static_cast<EVP_MD_CTX*>(context_);
  if (EVP_DigestInit_ex(context, Algorithm(), nullptr) == 1) return;
  EVP_MD_CTX_free(context);
  throw std::bad_alloc();  // nothing else can fail
}
Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::Update(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

std::string Sha256::FinishHex() {
  std::array<unsigned char, 32> digest;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr);
  return Hex(digest.data(), digest.size());
}

std::string Sha256Hex(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.FinishHex();
}

std::string RandomToken(std::string_view prefix, std::size_t random_bytes) {
  std::vector<unsigned char> random(random_bytes);
  // The library needs memory for it, the kernel does not; where it has no such call, a device.
  const auto size = static_cast<ssize_t>(random.size());
  if (RAND_bytes(random.data(), static_cast<int>(size)) != 1 &&
      ::getrandom(random.data(), random.size(), 0) != size) {
    const int device = ::open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (device < 0 || ::read(device, random.data(), random.size()) != size) std::abort();
    ::close(device);
  }
  return std::string(prefix) + Hex(random.data(), random.size());
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace pennon::base
