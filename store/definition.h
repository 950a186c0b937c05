// The two halves of a flag's definition: what all environments share, and what each has of its own.
// What the members mean is the compiler's business; here is only where each belongs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/value.h"

namespace pennon::store {

inline constexpr std::size_t kMaxNewKeyBytes = 100;
inline constexpr std::size_t kMaxNameBytes = 200;

/// UTF-8 without a zero byte: what PostgreSQL, a backup and an answer can hold.
bool IsText(std::string_view bytes);
/// The keys that may be created: `[A-Za-z0-9][A-Za-z0-9._-]{0,99}`. `where` is named in the error.
base::Result<void> CheckNewKey(std::string_view where, std::string_view key);
/// A name for people: 1 to kMaxNameBytes bytes without control characters.
base::Result<void> CheckName(std::string_view where, std::string_view name);

/// The shared half alone, from a document that a caller sent; a member of the other half is an
/// error that says where it goes. What the API adds when it shows a flag is passed over, so that a
/// caller may send back what it got.
base::Result<model::Object> ReadShared(const model::Object& document);
/// The environment's half alone, likewise.
base::Result<model::Object> ReadConfig(const model::Object& document);
/// A segment's definition, without what the API adds when it shows one.
model::Object ReadSegmentDocument(const model::Object& document);

struct Halves {
  model::Object shared;
  model::Object config;
};
/// A whole definition, as native documents have it, into its halves. A member that neither half
/// knows goes to the environment's, where the compiler refuses it.
Halves SplitDefinition(const model::Object& definition);
/// The halves as the one definition that daemons get.
model::Object MergeDefinition(const model::Object& shared, const model::Object& config);
/// True for a path such as `variants[2].key`, whose first member is shared by all environments.
bool IsSharedPath(std::string_view path);

/// The configuration of a flag that nobody has configured: off, and a salt.
model::Object UnconfiguredFlag(const std::string& salt);
bool IsEnabled(const model::Object& config);
bool IsUnconfigured(const model::Object& config);
std::string NewSalt();
/// The text of the member `salt`, or "".
std::string SaltOf(const model::Object& config);
/// Puts `salt` in when the configuration has none.
void SetDefaultSalt(model::Object& config, const std::string& salt);
/// Says `"enabled": true` when the configuration does not say it: what is kept tells all.
void SetDefaultEnabled(model::Object& config);

/// The object as compact JSON text, the form in which definitions are kept and compared.
std::string JsonText(const model::Object& object);
/// The reverse, for text that was kept; kInternal, naming `where`, when it was damaged.
base::Result<model::Object> ReadStored(std::string_view where, std::string_view text);

}  // namespace pennon::store
