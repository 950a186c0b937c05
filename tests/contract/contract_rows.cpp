#include "tests/contract/contract_rows.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/file.h"
#include "wire/json.h"

namespace pennon::test {
namespace {

using model::Value;

std::string TextOf(const Value& object, std::string_view key) {
  const Value* found = object.Find(key);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "";
}

Expected ReadExpected(const Value& value) {
  Expected expected;
  if (const Value* given = value.Find("value")) {
    expected.has_value = true;
    AppendJson(expected.value_json, *given);
  }
  expected.variant = TextOf(value, "variant");
  expected.reason = TextOf(value, "reason");
  expected.error_code = TextOf(value, "errorCode");
  expected.kind = TextOf(value, "kind");
  return expected;
}

RowFile ReadRowFile(const std::filesystem::path& path) {
  const auto text = base::ReadFile(path.string(), std::size_t{16} << 20U);
  if (!text) throw std::runtime_error(text.error().Message());
  const auto value = wire::ReadJson(*text);
  if (!value) throw std::runtime_error(path.string() + ':' + value.error().Message());
  RowFile file;
  file.name = path.stem().string();
  model::Object document{{"environment", "contract"}};
  for (const char* part : {"flags", "segments"}) {
    if (const Value* found = value->Find(part)) document.emplace_back(part, *found);
  }
  AppendJson(file.document, Value(document));
  for (const Value& row : *value->Find("rows")->AsArray()) {
    const Value* context = row.Find("context");
    file.rows.push_back({TextOf(row, "name"), TextOf(row, "flag"),
                         context == nullptr ? Value(model::Object{}) : *context,
                         ReadExpected(*row.Find("expect"))});
  }
  return file;
}

}  // namespace

std::vector<RowFile> LoadRowFiles() {
  std::vector<RowFile> files;
  const std::filesystem::path folder =
      std::filesystem::path(PENNON_SOURCE_DIR) / "tests" / "contract" / "rows";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(ReadRowFile(entry.path()));
  }
  std::sort(files.begin(), files.end(),
            [](const RowFile& a, const RowFile& b) { return a.name < b.name; });
  return files;
}

std::string Describe(const Expected& expected) {
  return (expected.has_value ? expected.value_json : "(no value)") +
         " variant=" + expected.variant + " reason=" + expected.reason +
         " error=" + expected.error_code + " kind=" + expected.kind;
}

}  // namespace pennon::test
