// A definition as its table has it.
#pragma once

#include "base/clock.h"
#include "model/value.h"

namespace pennon::store {

struct StoredDefinition {
  model::Object definition;
  std::int64_t version = 0;  // grows with every change; of the audit log, see store/audit.h
  base::WallMillis updated_at = 0;
};

}  // namespace pennon::store
