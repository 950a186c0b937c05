#include "store/route.h"

#include <utility>

#include "serving/url_path.h"
#include "store/definition.h"

namespace pennon::store {
namespace {

std::string_view NextSegment(std::string_view& rest) {
  rest.remove_prefix(1);  // the slash
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

}  // namespace

base::Result<std::shared_ptr<const EnvironmentSet>> Call::Set() const {
  const auto found = ledger.sets().find(names.front());
  if (found != ledger.sets().end()) return found->second;
  return base::Fail(
      base::Error::NotFound("environments." + names.front(), "there is no such environment"));
}

ChangeScope Call::Scope(std::string environment, std::string definition, bool removes) const {
  ChangeScope scope{request.actor, std::move(environment), std::move(definition), removes};
  scope.precondition = precondition;
  scope.comment = query.Text("comment");
  scope.request = request.id;
  scope.once = once;
  scope.reuses_key = query.Flag("reuseKey").value_or(false);
  return scope;
}

base::Result<Reply> Call::Commit(const ChangeScope& scope,
                                 const std::function<base::Result<void>(Change&)>& body,
                                 const std::function<base::Result<Reply>()>& show) const {
  Reply reply;
  auto done = ledger.Commit(
      scope, body, [&] { return show().map([&](Reply shown) { reply = std::move(shown); }); });
  if (!done) return base::Fail(done.error());
  return reply;
}

std::optional<std::vector<std::string>> Match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> names;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view expected = NextSegment(pattern);
    const std::string_view found = NextSegment(path);
    if (!expected.starts_with('{')) {
      if (found != expected) return std::nullopt;
      continue;
    }
    auto name = serving::PercentDecode(found);
    if (!name || name->empty() || !IsText(*name)) return std::nullopt;
    names.push_back(*std::move(name));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return names;
}

}  // namespace pennon::store
