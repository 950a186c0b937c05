// One of two flag sets that are compared: of a file, of the store, or in force at the daemon.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/client.h"
#include "engine/image_bytes.h"
#include "engine/snapshot.h"
#include "model/flag_set.h"
#include "wire/document.h"

namespace pennon::cli {

/// What a flag answers, as people compare it.
struct ComparedAnswer {
  std::string value;  // JSON; "": the caller's default
  std::string variant;
  std::string reason;  // or the error

  bool operator==(const ComparedAnswer&) const = default;
};

struct ComparedPlaces {
  client::ClientOptions daemon;
  std::string environment;  // of the store
  wire::DocumentOptions document;
};

class ComparedSet {
 public:
  /// `name`: a file, "-" for standard input, "store" (./store is a file), or "live" for the daemon.
  static base::Result<ComparedSet> Open(const std::string& name, const ComparedPlaces& places);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// None: the daemon tells what its flags answer, but not how they are defined.
  [[nodiscard]] const std::optional<model::FlagSet>& set() const { return set_; }
  /// The answer of every flag, by key.
  [[nodiscard]] base::Result<std::map<std::string, ComparedAnswer>> Answers(
      const client::Context& context, std::int64_t now_millis) const;

 private:
  base::Result<void> Take(const std::string& text, const wire::DocumentOptions& options);

  std::string name_;
  std::optional<model::FlagSet> set_;
  std::unique_ptr<engine::ImageBytes> image_;  // stays where it is when this is moved
  std::optional<engine::Snapshot> snapshot_;
  std::unique_ptr<client::Client> daemon_;
};

}  // namespace pennon::cli
