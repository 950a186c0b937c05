// /api/v1/flags: what all environments share of a flag.
#include <algorithm>

#include "base/json_text.h"
#include "store/definition.h"
#include "store/merge_patch.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/timestamp.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

void AppendRevisions(std::string& out, const EnvironmentSets& sets, const std::string& key) {
  base::JsonObject revisions(out);
  for (const auto& [environment, set] : sets) {
    const Definition* definition = set->Find({wire::LineKind::kFlag, key});
    if (definition != nullptr) revisions.Uint(environment, definition->stored.revision);
  }
  revisions.Close();
}

void AppendFlag(std::string& out, const EnvironmentSets& sets, const FlagRecord& flag) {
  base::JsonObject object(out);
  object.String("key", flag.key).Int("version", flag.version);
  AppendMembers(object, flag.definition);
  object.String("createdAt", Timestamp(flag.created_at));
  object.String("updatedAt", Timestamp(flag.updated_at));
  AppendRevisions(object.Key("revisions"), sets, flag.key);
  object.Close();
}

Result<Reply> Show(const Call& call, const std::string& key, int status) {
  auto flag = Flags(call.ledger.database()).Get(key);
  if (!flag) return Fail(flag.error());
  Reply reply;
  reply.status = status;
  reply.version = flag->version;
  AppendFlag(reply.body, call.ledger.sets(), *flag);
  if (status == 201) reply.location = "/api/v1/flags/" + key;
  return reply;
}

// Which flags a list is about, beside those whose text is searched.
struct FlagFilter {
  std::string tag;
  std::string owner;
  std::string lifecycle;  // "": all but archived ones

  [[nodiscard]] bool Passes(const FlagRecord& flag) const {
    const model::Value definition(flag.definition);
    const std::string state = TextMember(definition, "lifecycle", "active");
    if (lifecycle.empty() ? state == "archived" : lifecycle != "all" && lifecycle != state) {
      return false;
    }
    if (!owner.empty() && TextMember(definition, "owner", "") != owner) return false;
    return tag.empty() || HasTag(definition);
  }

 private:
  static std::string TextMember(const model::Value& definition, std::string_view name,
                                const char* otherwise) {
    const model::Value* member = definition.Find(name);
    if (member == nullptr || member->AsString() == nullptr) return otherwise;
    return *member->AsString();
  }
  [[nodiscard]] bool HasTag(const model::Value& definition) const {
    const model::Value* tags = definition.Find("tags");
    if (tags == nullptr || tags->AsArray() == nullptr) return false;
    const model::Array& all = *tags->AsArray();
    return std::find(all.begin(), all.end(), model::Value(tag)) != all.end();
  }
};

// Pages of the table until there are `count` that pass.
Result<std::vector<FlagRecord>> Collect(Flags flags, const FlagFilter& filter, std::string after,
                                        const std::string& text, std::int64_t count) {
  std::vector<FlagRecord> passed;
  while (true) {
    auto page = flags.Page(after, text, count);
    if (!page) return page;
    const bool is_last = page->size() < static_cast<std::size_t>(count);
    if (!page->empty()) after = page->back().key;
    for (FlagRecord& flag : *page) {
      if (!filter.Passes(flag)) continue;
      passed.push_back(std::move(flag));
      if (passed.size() == static_cast<std::size_t>(count)) return passed;
    }
    if (is_last) return passed;
  }
}

Result<void> CheckSameKey(const Call& call) {
  const model::Value* given = call.document.Find("key");
  if (given == nullptr || *given == model::Value(call.names[0])) return {};
  return Fail(Error::Invalid("key", "is not the one in the path; the key of a flag never changes"));
}

Result<Reply> Replace(const Call& call, const DocumentMaker& make) {
  const std::string& key = call.names[0];
  if (auto same = CheckSameKey(call); !same) return Fail(same.error());
  return call.Commit(
      call.Scope("", "flags." + key),
      [&](Change& change) -> Result<void> {
        if (auto existing = change.flags.Get(key); !existing) return Fail(existing.error());
        auto definition = make(change);
        if (!definition) return Fail(definition.error());
        return change.PutFlag(key, *definition).map([](Outcome) {});
      },
      [&] { return Show(call, key, 200); });
}

}  // namespace

Result<Reply> ListFlags(const Call& call) {
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  const FlagFilter filter{call.query.Text("tag"), call.query.Text("owner"),
                          call.query.Text("lifecycle")};
  auto page = Collect(Flags(call.ledger.database()), filter, call.query.Text("after"),
                      call.query.Text("q"), *size + 1);
  if (!page) return Fail(page.error());
  const auto append = [&](std::string& out, const FlagRecord& flag) {
    AppendFlag(out, call.ledger.sets(), flag);
  };
  return Reply{200, JsonPage("flags", *std::move(page), *size, append,
                             [](const FlagRecord& flag) { return flag.key; })};
}

Result<Reply> CreateFlag(const Call& call) {
  const model::Value* given = call.document.Find("key");
  if (given == nullptr || given->AsString() == nullptr) {
    return Fail(Error::Invalid("key", "is missing, expected a string"));
  }
  const std::string& key = *given->AsString();
  auto definition = ReadShared(call.object());
  if (!definition) return Fail(definition.error());
  return call.Commit(
      call.Scope("", "flags." + key),
      [&](Change& change) -> Result<void> {
        auto existing = change.flags.Find(key);
        if (!existing) return Fail(existing.error());
        if (*existing) {
          return Fail(Error::Conflict("key", "there is a flag \"" + key + "\" already"));
        }
        return change.PutFlag(key, *definition).map([](Outcome) {});
      },
      [&] { return Show(call, key, 201); });
}

Result<Reply> ShowFlag(const Call& call) {
  return Show(call, call.names[0], 200);
}

Result<Reply> ReplaceFlag(const Call& call) {
  return Replace(call, [&](Change&) { return ReadShared(call.object()); });
}

Result<Reply> PatchFlag(const Call& call) {
  return Replace(call, [&](Change& change) -> Result<model::Object> {
    auto flag = change.flags.Get(call.names[0]);
    if (!flag) return Fail(flag.error());
    auto patch = ReadShared(call.object());
    if (!patch) return patch;
    return MergePatch(std::move(flag->definition), *patch);
  });
}

Result<Reply> DeleteFlag(const Call& call) {
  auto done = call.ledger.Commit(call.Scope("", "flags." + call.names[0], true),
                                 [&](Change& change) { return change.DeleteFlag(call.names[0]); });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

}  // namespace pennon::store
