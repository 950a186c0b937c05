#include "wire/problem.h"

#include "base/http_status.h"
#include "base/json_text.h"

namespace pennon::wire {

std::string ProblemDocument(int status, const base::Error& error, std::string_view current) {
  std::string text;
  base::JsonObject object(text);
  const std::string_view title = base::HttpStatusText(status);
  object.String("type", "about:blank").String("title", title.empty() ? "Error" : title);
  object.Int("status", status);
  object.String("code", base::Name(error.code())).String("detail", error.Message());
  if (!error.where().empty()) object.String("pointer", error.where());
  if (!current.empty()) object.Raw("current", current);
  object.Close();
  return text;
}

}  // namespace pennon::wire
