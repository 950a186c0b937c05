// Who asks for a change and with which document, so that a refusal names a place in that document.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/diagnostic.h"
#include "store/precondition.h"
#include "store/replies.h"

namespace pennon::store {

inline constexpr std::size_t kMaxCommentBytes = 1000;
/// kInvalid for one that is longer, or no text: the log is in every backup, which is JSON.
base::Result<void> CheckComment(std::string_view comment);

struct ChangeScope {
  std::string actor;        // for the audit log: "token:3", "cli:1000"
  std::string environment;  // the one that the document is about; "" for all
  /// The definition that the document is, as the compiler calls it: "flags.checkout". "" when the
  /// document is a whole flag set or no definition at all.
  std::string definition;
  bool removes = false;  // then a definition that breaks is a conflict, not a wrong document
  Precondition precondition = {};  // of the one thing that the change is about
  std::string comment = {};        // why, for the audit log
  std::string note = {};           // stands in the audit log when there is no comment
  std::string request = {};        // the id of the request, for the audit log
  bool reuses_key = false;         // a new flag may have the key of a deleted one
  bool restores = false;           // it may, and has the configurations that one had
  ReplyKey once = {};              // a request that is not to be done twice

  /// The refusal for something that does not compile in `environment` ("" for: on its own).
  [[nodiscard]] base::Error Refuse(const std::string& in_environment,
                                   const model::Diagnostic& diagnostic) const;
};

}  // namespace pennon::store
