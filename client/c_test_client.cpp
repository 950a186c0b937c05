// The functions of pennon.h for a client whose flags are set in code.
#include "base/json_text.h"
#include "client/c_objects.h"
#include "wire/json.h"

using namespace pennon;
using namespace pennon::client;

namespace {

// The document whose flags are these values for everybody.
std::string DocumentOf(const std::map<std::string, std::string, std::less<>>& values) {
  std::string text = R"({"environment":"test","flags":{)";
  const char* separator = "";
  for (const auto& [key, json] : values) {
    const auto value = wire::ReadJson(json);
    const char* type = "object";
    if (value->AsBool() != nullptr) type = "boolean";
    if (value->AsString() != nullptr) type = "string";
    if (value->AsInt() != nullptr) type = "integer";
    if (value->AsDouble() != nullptr) type = "number";
    text += std::exchange(separator, ",");
    base::AppendJsonString(text, key);
    text += std::string(R"(:{"type":")") + type + R"(","variants":[{"key":"set","value":)" + json +
            R"(}],"enabled":true,"offVariant":"set","default":{"variant":"set"}})";
  }
  return text + "}}";
}

}  // namespace

pennon_client* pennon_test_open(void) {
  return Guarded(
      [] {
        CoreOptions options;
        options.is_embedded = true;
        options.definitions = DocumentOf({});
        return Open(std::move(options));
      },
      nullptr);
}

namespace {

bool ChangeTestFlag(pennon_client* client, const char* key, const char* json) {
  return Guarded(
      [&] {
        auto values = client->test_flags;
        values.erase(std::string(View(key)));
        if (json != nullptr) {
          const auto value = wire::ReadJson(json);
          if (!value || *value == model::Value()) return false;
          values.emplace(View(key), json);
        }
        if (!client->core.SetDocument(DocumentOf(values))) return false;
        client->test_flags = std::move(values);
        return true;
      },
      false);
}

}  // namespace

bool pennon_test_set(pennon_client* client, const char* key, const char* json) {
  return client != nullptr && json != nullptr && ChangeTestFlag(client, key, json);
}
void pennon_test_remove(pennon_client* client, const char* key) {
  if (client != nullptr) ChangeTestFlag(client, key, nullptr);
}
