// Makes scheduled changes when their time has come.
#pragma once

#include "base/log.h"
#include "store/ledger.h"
#include "store/schedules.h"

namespace pennon::store {

/// How late a change may be.
inline constexpr std::int64_t kSchedulerMillis = 1000;

/// What a schedule's document makes of a configuration: as PATCH of a configuration does.
base::Result<model::Object> ApplyToConfig(model::Object config, const model::Value& document);

/// Makes what is due: each in one transaction with the note that it was made, so that of several
/// stores on one database one does it, once. One that cannot be made is noted as failed, with the
/// reason, and changes nothing. On the ledger's thread.
void RunDueSchedules(Ledger& ledger, base::Logger& log);

}  // namespace pennon::store
