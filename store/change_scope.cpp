#include "store/change_scope.h"

#include "store/definition.h"

namespace pennon::store {
namespace {

// "rules[2].serve" for "flags.checkout.rules[2].serve" when `definition` is "flags.checkout".
std::string PathInside(const std::string& definition, const std::string& where) {
  const std::string rest = where.substr(definition.size());
  return rest.starts_with('.') ? rest.substr(1) : rest;
}

bool IsAbout(const std::string& definition, const model::Diagnostic& diagnostic) {
  return diagnostic.error.where().starts_with(definition) &&
         definition.ends_with('.' + diagnostic.flag);
}

}  // namespace

base::Result<void> CheckComment(std::string_view comment) {
  if (comment.size() > kMaxCommentBytes) {
    return base::Fail(base::Error::Invalid(
        "comment", "is longer than " + std::to_string(kMaxCommentBytes) + " bytes"));
  }
  if (IsText(comment)) return {};
  return base::Fail(base::Error::Invalid("comment", "is not UTF-8, or has a zero byte in it"));
}

base::Error ChangeScope::Refuse(const std::string& in_environment,
                                const model::Diagnostic& diagnostic) const {
  const std::string& where = diagnostic.error.where();
  const std::string& what = diagnostic.error.what();
  const std::string whole =
      in_environment.empty() ? where : "environments." + in_environment + '.' + where;
  if (removes) return base::Error::Conflict(whole, "is in the way: " + what);
  if (definition.empty()) {
    const bool other = !in_environment.empty() && in_environment != environment;
    return base::Error::Invalid(other ? whole : where, what);
  }
  if (!IsAbout(definition, diagnostic)) return base::Error::Invalid(whole, what);
  const std::string inside = PathInside(definition, where);
  const bool ours = environment == in_environment || IsSharedPath(inside);
  return base::Error::Invalid(ours ? inside : whole, what);
}

}  // namespace pennon::store
