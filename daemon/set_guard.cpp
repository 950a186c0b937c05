#include "daemon/set_guard.h"

namespace pennon::daemon {

using base::Error;
using base::Fail;
using base::Result;

namespace {

constexpr std::string_view kUntilAccepted =
    "; it is held back until somebody accepts it (pennon accept)";

}  // namespace

Result<void> CheckEnvironment(const wire::SyncHead& head, const std::string& environment) {
  if (head.environment == environment) return {};
  return Fail(Error::Invalid("upstream", "sent the flags of environment \"" + head.environment +
                                             "\", this daemon serves \"" + environment + '"'));
}

Result<void> CheckSignature(const wire::SyncHead& head, const base::Ed25519Verifier* key) {
  if (key == nullptr) return {};
  if (head.signature.empty()) {
    return Fail(Error::Unauthenticated(
        "upstream", "sent a flag set without a signature; upstream.public_key_file wants one"));
  }
  if (key->Verify(SignedText(head), head.signature)) return {};
  return Fail(Error::Unauthenticated(
      "upstream", "sent a flag set whose signature is not of the key in upstream.public_key_file"));
}

Result<void> CheckRevision(const wire::SyncHead& head, const wire::SyncHead* newest) {
  if (newest == nullptr || head.epoch > newest->epoch) return {};
  const auto text = [](const wire::SyncHead& of) {
    return "epoch " + std::to_string(of.epoch) + " revision " + std::to_string(of.revision);
  };
  const std::string older =
      "sent " + text(head) + ", older than what is here (" + text(*newest) + ')';
  if (head.epoch < newest->epoch) {
    return Fail(Error::Forbidden("upstream", older + std::string(kUntilAccepted)));
  }
  if (head.revision < newest->revision) return Fail(Error::Invalid("upstream", older));
  if (head.revision == newest->revision && head.set_digest != newest->set_digest) {
    return Fail(Error::Invalid("upstream", "sent " + text(head) + " again with other contents"));
  }
  return {};
}

// Both lists are in the order of kind and key, flags first.
Result<void> CheckShrink(const Generation& offered, std::span<const std::string_view> had) {
  std::size_t lost = 0;
  auto now = offered.lines.begin();
  const auto is_flag = [&] {
    return now != offered.lines.end() && now->kind() == wire::LineKind::kFlag;
  };
  for (const std::string_view key : had) {
    while (is_flag() && now->key() < key) ++now;
    if (!is_flag() || now->key() != key) ++lost;
  }
  const bool is_empty = !had.empty() && offered.head.flags == 0;
  if (!is_empty && (lost <= kMaxLostFlags || lost * 100 <= had.size() * kMaxLostPercent)) return {};
  return Fail(Error::Forbidden("upstream", "sent " + CursorOf(offered.head) + ", which lacks " +
                                               std::to_string(lost) + " of " +
                                               std::to_string(had.size()) +
                                               " flags without saying that they were deleted" +
                                               std::string(kUntilAccepted)));
}

}  // namespace pennon::daemon
