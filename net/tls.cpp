#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <new>
#include <vector>

#include "base/file.h"
#include "base/out_of_memory.h"

namespace pennon::net {
namespace {

using base::Error;
using base::Fail;

constexpr std::size_t kRecordBytes = std::size_t{16} * 1024;
constexpr long kMaxSentBytes = 16 * 1024;  // for whose memory to be used again
constexpr std::size_t kMaxKeyBytes = std::size_t{64} * 1024;

std::string LastError() {
  std::array<char, 256> text{};
  const unsigned long code = ::ERR_get_error();
  ::ERR_error_string_n(code, text.data(), text.size());
  ::ERR_clear_error();
  return code == 0 ? "unknown" : text.data();
}

class Context final : public TlsContext {
 public:
  explicit Context(SSL_CTX* context) : context_(context, ::SSL_CTX_free) {}
  [[nodiscard]] std::int64_t expires_at() const override {
    const X509* certificate = ::SSL_CTX_get0_certificate(context_.get());
    std::tm end{};
    if (certificate == nullptr || ::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &end) != 1) {
      return 0;
    }
    return ::timegm(&end);
  }
  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
};

// A key with a password is none: there is nobody to ask for it.
bool UseKey(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> text(
      ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), ::BIO_free);
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(
      ::PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr), ::EVP_PKEY_free);
  return key != nullptr && ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

// Only HTTP/1.1 is spoken inside.
int ChooseProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (::SSL_select_next_proto(&chosen, out_size, kHttp.data(), kHttp.size(), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

// The bytes of the peer go through memory into OpenSSL, and its own out of there.
class TlsProtocol final : public StreamProtocol {
 public:
  TlsProtocol(std::shared_ptr<const TlsContext> context, std::unique_ptr<StreamProtocol> inner)
      : context_(std::move(context)),
        inner_(std::move(inner)),
        ssl_(base::NotNull(::SSL_new(static_cast<const Context&>(*context_).get())), ::SSL_free),
        received_(base::NotNull(::BIO_new(::BIO_s_mem()))),
        to_send_(base::NotNull(::BIO_new(::BIO_s_mem()))) {
    ::SSL_set_bio(ssl_.get(), received_, to_send_);  // which owns them now
    ::SSL_set_accept_state(ssl_.get());
  }

  Progress OnBytes(std::span<char> input, std::string& output) override {
    Progress progress;
    progress.consumed = input.size();
    if (!input.empty()) {
      const int size = static_cast<int>(input.size());
      if (::BIO_write(received_, input.data(), size) != size) throw std::bad_alloc();
    }
    const Session session = Decrypt();
    const bool is_broken = session == Session::kBroken;
    Progress inside;
    std::string clear;
    if (plain_size_ > 0 && !is_broken) {
      inside = inner_->OnBytes({plain_.data(), plain_size_}, clear);
    }
    Forget(inside.consumed);
    progress.suspended = inside.suspended;
    progress.more = inside.more;
    // What came before the peer's end is answered, also what waits behind a suspended request.
    const bool waits = inside.more || (inside.suspended && plain_size_ > 0);
    progress.close = inside.close || is_broken || (session == Session::kEnded && !waits);
    has_asked_ = has_asked_ || plain_size_ > 0 || inside.consumed > 0;
    progress.greets = !has_asked_;
    progress.kept = Kept();
    progress.advanced = inside.consumed > 0;
    Encrypt(clear, progress.close && !inside.suspended);
    TakeSent(output);
    return progress;
  }

  void Wrap(std::string& bytes, bool is_last) override {
    Encrypt(bytes, is_last);
    bytes.clear();
    TakeSent(bytes);
  }

 private:
  enum class Session {
    kOpen,
    kEnded,   // the peer sends nothing more
    kBroken,  // it broke the rules; OpenSSL has then written why
  };

  [[nodiscard]] std::size_t Kept() const {
    if (plain_size_ > 0) return plain_.capacity();
    // A handshake is a message, too, and so is a record of which not all has come.
    return ::SSL_is_init_finished(ssl_.get()) == 1 && ::SSL_has_pending(ssl_.get()) == 0 ? 0 : 1;
  }

  Session Decrypt() {
    ::ERR_clear_error();
    while (true) {
      // One byte more than is read into: the protocol inside may write there.
      plain_.resize(plain_size_ + kRecordBytes + 1);
      std::size_t size = 0;
      if (::SSL_read_ex(ssl_.get(), plain_.data() + plain_size_, kRecordBytes, &size) == 1) {
        plain_size_ += size;
        continue;
      }
      const int why = ::SSL_get_error(ssl_.get(), 0);
      if (why == SSL_ERROR_WANT_READ) return Session::kOpen;
      return why == SSL_ERROR_ZERO_RETURN ? Session::kEnded : Session::kBroken;
    }
  }

  void Encrypt(const std::string& clear, bool is_last) {
    std::size_t size = 0;
    if (!clear.empty() && ::SSL_write_ex(ssl_.get(), clear.data(), clear.size(), &size) != 1 &&
        ERR_GET_REASON(::ERR_peek_error()) == ERR_R_MALLOC_FAILURE) {
      throw std::bad_alloc();  // the next answer would come in place of this one
    }
    if (is_last && ::SSL_is_init_finished(ssl_.get()) == 1) ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
  }

  void TakeSent(std::string& out) {
    char* bytes = nullptr;
    const long size = ::BIO_get_mem_data(to_send_, &bytes);
    if (size > 0) out.append(bytes, static_cast<std::size_t>(size));
    // Its memory never shrinks: that of a long answer would stay for as long as the connection.
    BIO* const fresh = size > kMaxSentBytes ? ::BIO_new(::BIO_s_mem()) : nullptr;
    if (fresh == nullptr) {
      static_cast<void>(BIO_reset(to_send_));  // a macro
      return;
    }
    to_send_ = fresh;
    ::SSL_set0_wbio(ssl_.get(), to_send_);
  }

  void Forget(std::size_t consumed) {
    plain_size_ -= consumed;
    if (consumed > 0 && plain_size_ > 0) {
      std::memmove(plain_.data(), plain_.data() + consumed, plain_size_);
    }
    plain_.resize(plain_size_);
    // What is left must not keep the memory of a huge message before it, nor room for a record.
    if (plain_.capacity() > 2 * plain_size_) plain_.shrink_to_fit();
  }

  const std::shared_ptr<const TlsContext> context_;
  const std::unique_ptr<StreamProtocol> inner_;
  std::unique_ptr<SSL, decltype(&::SSL_free)> ssl_;
  BIO* received_;  // both ssl_'s
  BIO* to_send_;
  std::vector<char> plain_;  // decrypted and not yet consumed, and what there is room for
  std::size_t plain_size_ = 0;
  bool has_asked_ = false;  // something has been decrypted
};

}  // namespace

base::Result<std::shared_ptr<const TlsContext>> TlsContext::Read(
    const std::string& certificate_file, const std::string& key_file) {
  ::ERR_clear_error();
  auto context = std::make_shared<Context>(::SSL_CTX_new(::TLS_server_method()));
  SSL_CTX* const raw = context->get();
  if (raw == nullptr) return Fail(Error::Internal("TLS", LastError()));
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_alpn_select_cb(raw, ChooseProtocol, nullptr);
  if (::SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return Fail(Error::Invalid(certificate_file,
                               "is no certificate in PEM that can be read: " + LastError()));
  }
  const auto pem = base::ReadSecretFile(key_file, kMaxKeyBytes);
  if (!pem) return Fail(pem.error());
  if (!UseKey(raw, *pem)) {
    return Fail(Error::Invalid(
        key_file, "is no private key in PEM that fits " + certificate_file + ": " + LastError()));
  }
  return context;
}

ProtocolFactory WithTls(std::function<std::shared_ptr<const TlsContext>()> current,
                        ProtocolFactory inner) {
  return [current = std::move(current), inner = std::move(inner)](
             std::size_t worker, const Peer& peer, LateAnswer late) {
    auto protocol = inner(worker, peer, std::move(late));
    if (protocol == nullptr) return std::unique_ptr<TlsProtocol>();
    return std::make_unique<TlsProtocol>(current(), std::move(protocol));
  };
}

}  // namespace pennon::net
