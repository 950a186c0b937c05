// A file that only its owner may read, made for one secret.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pennon::store {

/// Made before the secret exists, so that a path that cannot be written is known in time. Removed
/// again unless Write succeeded. Movable; confined to one thread.
class SecretFile {
 public:
  /// Creates `path` with mode 0600; kConflict when something is there.
  static base::Result<SecretFile> Create(const std::string& path);

  SecretFile(SecretFile&& other) noexcept;
  SecretFile& operator=(SecretFile&& other) noexcept;
  ~SecretFile();

  /// Writes the secret and a newline, and makes them durable.
  base::Result<void> Write(std::string_view secret);
  base::Result<void> Append(std::string_view text);
  base::Result<void> Sync();
  /// Keeps the file from now on.
  void Keep() { kept_ = true; }

 private:
  SecretFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_;
  bool kept_ = false;
};

}  // namespace pennon::store
