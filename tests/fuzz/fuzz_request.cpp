// Reads bytes as the bodies that ask for evaluations over HTTP. What is accepted and written out
// again asks for the same, and every answer is JSON.
#include <cstring>
#include <memory>
#include <string>

#include "base/json_text.h"
#include "serving/evaluation_http.h"
#include "tests/fuzz/small_service.h"
#include "wire/json.h"

namespace {

using namespace pennon;
using model::Attribute;
using model::AttributeKind;

// A body of its exact size, and the one byte behind it that may be written to.
struct Body {
  explicit Body(std::string_view text) : size(text.size()), bytes(new char[size + 1]) {
    std::memcpy(bytes.get(), text.data(), size);
    bytes[size] = '?';
  }
  [[nodiscard]] std::span<char> span() const { return {bytes.get(), size}; }

  std::size_t size;
  std::unique_ptr<char[]> bytes;
};

struct Asked {
  base::Result<void> Read(const Body& body, wire::RequestKind kind) {
    const auto read = wire::ReadEvaluationRequest(body.span(), kind, context, request);
    if (body.bytes[body.size] != '?') __builtin_trap();
    return read;
  }

  model::Context context;
  wire::EvaluationRequest request;
};

// Appends the node as JSON, its elements included.
void AppendNode(std::string& out, const Attribute& node) {
  const auto children = [&](char open, char close) {
    out += open;
    for (const Attribute* child = &node + 1; child < &node + node.size(); child += child->size()) {
      if (child != &node + 1) out += ',';
      if (open == '{') {
        base::AppendJsonString(out, child->name());
        out += ':';
      }
      AppendNode(out, *child);
    }
    out += close;
  };
  switch (node.kind()) {
    case AttributeKind::kNull:
      out += "null";
      break;
    case AttributeKind::kBool:
      out += node.boolean() ? "true" : "false";
      break;
    case AttributeKind::kInt:
      base::AppendJsonInt(out, node.integer());
      break;
    case AttributeKind::kDouble:
      base::AppendJsonDouble(out, node.number());
      break;
    case AttributeKind::kString:
      base::AppendJsonString(out, node.text());
      break;
    case AttributeKind::kArray:
      return children('[', ']');
    case AttributeKind::kObject:
      return children('{', '}');
  }
}

std::string TextOf(const Asked& asked) {
  std::string text;
  base::JsonObject object(text);
  base::JsonObject context(object.Key("context"));
  const auto& nodes = asked.context.nodes();
  for (std::size_t i = 0; i < nodes.size(); i += nodes[i].size()) {
    AppendNode(context.Key(nodes[i].name()), nodes[i]);
  }
  context.Close();
  const wire::EvaluationRequest& request = asked.request;
  if (request.single) {
    object.String("flag", request.flags.front());
  } else if (request.names_flags) {
    char separator = '[';
    std::string& out = object.Key("flags");
    for (const std::string_view key : request.flags) {
      out += std::exchange(separator, ',');
      base::AppendJsonString(out, key);
    }
    out += request.flags.empty() ? "[]" : "]";
  }
  for (const auto& [key, json] : request.defaults) {
    if (key.empty() && request.single) {
      object.Raw("default", json);
    } else {
      base::JsonObject(object.Key("defaults")).Raw(key, json).Close();
    }
  }
  object.Close();
  return text;
}

bool AreSame(const Attribute& a, const Attribute& b) {
  std::string a_text;
  std::string b_text;
  AppendNode(a_text, a);
  AppendNode(b_text, b);
  return a.name() == b.name() && a.kind() == b.kind() && a.size() == b.size() && a_text == b_text;
}

void CheckWritten(const Asked& asked, wire::RequestKind kind) {
  const std::string text = TextOf(asked);
  Asked again;
  const Body body(text);
  if (!again.Read(body, kind)) __builtin_trap();
  const auto& nodes = asked.context.nodes();
  if (!std::equal(nodes.begin(), nodes.end(), again.context.nodes().begin(),
                  again.context.nodes().end(), AreSame)) {
    __builtin_trap();
  }
  if (asked.request.names_flags != again.request.names_flags ||
      asked.request.single != again.request.single || asked.request.flags != again.request.flags ||
      asked.request.defaults != again.request.defaults) {
    __builtin_trap();
  }
}

// Our reader wants more than JSON does: no key twice and none with NUL. A caller's default is
// handed back as it came, and so is the key of a flag.
bool MayBeAnswered(const wire::EvaluationRequest& request) {
  for (const std::string_view key : request.flags) {
    if (key.find('\0') != std::string_view::npos) return false;
  }
  for (const auto& [key, json] : request.defaults) {
    if (!wire::ReadJson(json)) return false;
  }
  return true;
}

void Ask(const std::string& path, std::string_view line, std::string_view text, bool is_checked) {
  static serving::EvaluationHttp http(test::SmallService());
  const Body body(text);
  net::HttpRequest request;
  request.method = "POST";
  request.path = path;
  request.query = line;
  request.headers = {{"If-None-Match", line}, {"Content-Type", "application/json"}};
  request.body = body.span();
  net::HttpResponse response;
  if (!http.Handle(request, {"", true, "", nullptr}, response)) __builtin_trap();
  if (response.status == 304 ? response.body.empty() : !is_checked) return;
  if (!wire::ReadJson(response.body)) __builtin_trap();
}

}  // namespace

// One byte says how, a line is the flag's key or the query, and the rest is the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  const auto kind = data[0] % 4 == 0 ? wire::RequestKind::kEvaluate : wire::RequestKind::kOfrep;
  Asked asked;
  const Body body(text);
  const auto read = asked.Read(body, kind);
  if (read) CheckWritten(asked, kind);
  const bool is_checked = !read || MayBeAnswered(asked.request);
  static const std::string kFlags = "/ofrep/v1/evaluate/flags";
  const std::string tail(line);
  switch (data[0] % 4) {
    case 0:
      Ask("/evaluate", line, text, is_checked);
      break;
    case 1:
      Ask(kFlags, line, text, is_checked);
      break;
    case 2:
      Ask(kFlags + '/' + tail, "", text, is_checked);
      break;
    default:
      Ask("/ofrep/" + tail, line, text, is_checked);
  }
  return 0;
}
