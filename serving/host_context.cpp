#include "serving/host_context.h"

#include "base/utf8.h"
#include "wire/json.h"

namespace pennon::serving {

using base::Error;
using base::Fail;

namespace {

// A token of RFC 9110; no request could have another.
bool IsHeaderName(std::string_view name) {
  return !name.empty() &&
         name.find_first_not_of(
             "!#$%&'*+-.^_`|~0123456789"
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

}  // namespace

base::Result<std::shared_ptr<const HostContext>> HostContext::Make(const HostPairs& fixed,
                                                                   const HostPairs& headers,
                                                                   bool enforce) {
  if (fixed.size() > kMaxPairs || headers.size() > kMaxPairs) {
    return Fail(Error::Limit("context", "adds more than 64 attributes"));
  }
  auto context = std::make_shared<HostContext>();
  context->enforce_ = enforce;
  for (const auto& [attribute, json] : fixed) {
    const auto value = wire::ReadJson(json);
    if (!value) return Fail(value.error().Within("context.fixed." + attribute));
    if (const bool* flag = value->AsBool()) {
      context->fixed_.push_back({attribute, *flag});
    } else if (const std::int64_t* whole = value->AsInt()) {
      context->fixed_.push_back({attribute, *whole});
    } else if (const double* number = value->AsDouble()) {
      context->fixed_.push_back({attribute, *number});
    } else if (const std::string* text = value->AsString()) {
      context->fixed_.push_back({attribute, *text});
    } else {
      return Fail(
          Error::Invalid("context.fixed." + attribute, "expected a string, a number or a boolean"));
    }
  }
  for (const auto& [header, json] : headers) {
    if (!IsHeaderName(header)) {
      return Fail(Error::Invalid("context.headers." + header, "is not the name of a header"));
    }
    const auto value = wire::ReadJson(json);
    const std::string* const attribute = value ? value->AsString() : nullptr;
    if (attribute == nullptr || attribute->empty()) {
      return Fail(Error::Invalid("context.headers." + header, "expected the name of an attribute"));
    }
    context->headers_.push_back({header, *attribute});
  }
  return context;
}

// Of several attributes of one name the last one counts.
void HostContext::AddTo(model::Context& context, const net::HttpRequest* request) const {
  if (request != nullptr && !headers_.empty()) AddHeaders(context, *request);
  AddFixed(context);
}

void HostContext::AddHeaders(model::Context& context, const net::HttpRequest& request) const {
  for (const FromHeader& one : headers_) {
    const std::string_view text = request.Header(one.header);
    if (text.empty() || !base::IsUtf8(text) || !IsDue(context, one.attribute)) continue;
    context.AddString(one.attribute, text);
  }
}

void HostContext::AddFixed(model::Context& context) const {
  for (const Fixed& one : fixed_) {
    if (!IsDue(context, one.attribute)) continue;
    if (const bool* flag = std::get_if<bool>(&one.value)) {
      context.AddBool(one.attribute, *flag);
    } else if (const std::int64_t* whole = std::get_if<std::int64_t>(&one.value)) {
      context.AddInt(one.attribute, *whole);
    } else if (const double* number = std::get_if<double>(&one.value)) {
      context.AddDouble(one.attribute, *number);
    } else {
      context.AddString(one.attribute, std::get<std::string>(one.value));
    }
  }
}

}  // namespace pennon::serving
