#include "wire/problem.h"

#include "base/json_text.h"

namespace pennon::wire {
namespace {

std::string_view Title(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status >= 500 ? "Internal Server Error" : "Error";
  }
}

}  // namespace

std::string ProblemDocument(int status, const base::Error& error, std::string_view current) {
  std::string text;
  base::JsonObject object(text);
  object.String("type", "about:blank").String("title", Title(status)).Int("status", status);
  object.String("code", base::Name(error.code())).String("detail", error.Message());
  if (!error.where().empty()) object.String("pointer", error.where());
  if (!current.empty()) object.Raw("current", current);
  object.Close();
  return text;
}

}  // namespace pennon::wire
