#include "base/ed25519.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

namespace pennon::base {
namespace {

using ed25519_detail::Key;

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kSignatureText = 88;  // as base64
constexpr std::string_view kPemBegin = "-----BEGIN ";

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

EVP_PKEY* KeyOf(const Key& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

const unsigned char* BytesOf(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// Without a passphrase: a callback would ask on the terminal.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

template <typename Read>
Result<Key> ReadKey(const std::string& pem, std::string_view where, std::string_view expected,
                    const Read& read) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(read(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key != nullptr && EVP_PKEY_get_id(KeyOf(key)) == EVP_PKEY_ED25519) return key;
  return Fail(Error::Invalid(
      where, "is no " + std::string(expected) + " for Ed25519 in PEM, without a passphrase"));
}

}  // namespace

void ed25519_detail::FreeKey::operator()(void* key) const {
  EVP_PKEY_free(static_cast<EVP_PKEY*>(key));
}

Ed25519Signer Ed25519Signer::Generate() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  assert(key != nullptr);
  return Ed25519Signer(std::move(key));
}

Result<Ed25519Signer> Ed25519Signer::FromPem(const std::string& pem, std::string_view where) {
  auto key = ReadKey(pem, where, "private key", PEM_read_bio_PrivateKey);
  if (!key) return Fail(key.error());
  return Ed25519Signer(*std::move(key));
}

std::string Ed25519Signer::Sign(std::string_view text) const {
  const Context context(EVP_MD_CTX_new());
  std::array<unsigned char, kSignatureBytes> signature{};
  std::size_t size = signature.size();
  [[maybe_unused]] const bool done =
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, KeyOf(key_)) == 1 &&
      EVP_DigestSign(context.get(), signature.data(), &size, BytesOf(text), text.size()) == 1;
  assert(done && size == signature.size());
  std::array<unsigned char, kSignatureText + 1> base64{};
  EVP_EncodeBlock(base64.data(), signature.data(), static_cast<int>(signature.size()));
  return reinterpret_cast<const char*>(base64.data());
}

std::string Ed25519Signer::PrivatePem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), KeyOf(key_), nullptr, nullptr, 0, nullptr, nullptr);
  return TextOf(bio.get());
}

std::string Ed25519Signer::PublicPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), KeyOf(key_));
  return TextOf(bio.get());
}

Result<Ed25519Verifier> Ed25519Verifier::FromPem(const std::string& pem, std::string_view where) {
  std::vector<Key> keys;
  std::size_t begin = std::min(pem.find(kPemBegin), pem.size());
  do {
    const std::size_t end = std::min(pem.find(kPemBegin, begin + 1), pem.size());
    auto key = ReadKey(pem.substr(begin, end - begin), where, "public key", PEM_read_bio_PUBKEY);
    if (!key) return Fail(key.error());
    keys.push_back(*std::move(key));
    begin = end;
  } while (begin < pem.size());
  return Ed25519Verifier(std::move(keys));
}

bool Ed25519Verifier::Verify(std::string_view text, std::string_view signature) const {
  if (signature.size() != kSignatureText) return false;
  std::array<unsigned char, kSignatureText> bytes{};  // two more than the signature, of padding
  if (EVP_DecodeBlock(bytes.data(), BytesOf(signature), static_cast<int>(signature.size())) < 0) {
    return false;
  }
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& key) {
    const Context context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, KeyOf(key)) == 1 &&
           EVP_DigestVerify(context.get(), bytes.data(), kSignatureBytes, BytesOf(text),
                            text.size()) == 1;
  });
}

}  // namespace pennon::base
