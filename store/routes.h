// The handlers of the REST API; the table in api.cpp says which path each of them answers.
#pragma once

#include "store/route.h"

namespace pennon::store {

base::Result<Reply> ListEnvironments(const Call& call);
base::Result<Reply> CreateEnvironment(const Call& call);
base::Result<Reply> ShowEnvironment(const Call& call);
base::Result<Reply> ReplaceEnvironment(const Call& call);
base::Result<Reply> DeleteEnvironment(const Call& call);

base::Result<Reply> ListFlags(const Call& call);
base::Result<Reply> CreateFlag(const Call& call);
base::Result<Reply> ShowFlag(const Call& call);
base::Result<Reply> ReplaceFlag(const Call& call);
base::Result<Reply> PatchFlag(const Call& call);
base::Result<Reply> DeleteFlag(const Call& call);

base::Result<Reply> ListConfigs(const Call& call);
base::Result<Reply> ShowConfig(const Call& call);
base::Result<Reply> ReplaceConfig(const Call& call);
base::Result<Reply> PatchConfig(const Call& call);
base::Result<Reply> ResetConfig(const Call& call);

base::Result<Reply> ListSegments(const Call& call);
base::Result<Reply> ShowSegment(const Call& call);
base::Result<Reply> PutSegment(const Call& call);
base::Result<Reply> PatchSegment(const Call& call);
base::Result<Reply> ShowSegmentUse(const Call& call);
base::Result<Reply> DeleteSegment(const Call& call);

base::Result<Reply> ListVersions(const Call& call);
base::Result<Reply> ShowVersion(const Call& call);
base::Result<Reply> ShowDifference(const Call& call);
base::Result<Reply> RestoreVersion(const Call& call);

/// The most lines of one export.
inline constexpr std::int64_t kMaxExportedEntries = 10'000;
base::Result<Reply> ListAudit(const Call& call);
base::Result<Reply> ExportAudit(const Call& call);

base::Result<Reply> ListKeys(const Call& call);
base::Result<Reply> CreateKey(const Call& call);
base::Result<Reply> ListTokens(const Call& call);
base::Result<Reply> CreateApiToken(const Call& call);
base::Result<Reply> DeleteToken(const Call& call);
base::Result<Reply> RotateToken(const Call& call);

base::Result<Reply> ListUsers(const Call& call);
base::Result<Reply> CreateUser(const Call& call);
base::Result<Reply> ShowUser(const Call& call);
base::Result<Reply> ReplaceUser(const Call& call);
base::Result<Reply> DeleteUser(const Call& call);
base::Result<Reply> InviteUser(const Call& call);

base::Result<Reply> ListSchedules(const Call& call);
base::Result<Reply> CreateSchedule(const Call& call);
base::Result<Reply> ShowSchedule(const Call& call);
base::Result<Reply> CancelSchedule(const Call& call);

base::Result<Reply> ListDaemons(const Call& call);
base::Result<Reply> ShowUsage(const Call& call);
base::Result<Reply> ShowFlagUsage(const Call& call);

base::Result<Reply> AskPlayground(const Call& call);

base::Result<Reply> ImportDocument(const Call& call);
base::Result<Reply> ExportDocument(const Call& call);

}  // namespace pennon::store
