// Reads the YAML file of a Settings table. The only place in base/ that knows yaml-cpp, and the
// door where its exceptions end.
#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>

#include "base/json_text.h"
#include "base/settings.h"
#include "base/yaml_scalar.h"
#include "base/yaml_text.h"

namespace pennon::base {
namespace {

std::string Place(const std::string& file, const YAML::Mark& mark) {
  return mark.is_null() ? file : file + ':' + std::to_string(mark.line + 1);
}

// A quoted scalar is a string whatever it looks like; a plain one is what YAML 1.2 calls it. None
// for numbers that cannot be kept.
std::optional<std::string> ScalarAsJson(const YAML::Node& node) {
  const std::string text = Utf8OfYaml(node.Scalar());
  const bool is_quoted = node.Tag() == "!" || node.Tag() == "!!str";
  const auto scalar = is_quoted ? std::optional(YamlScalar(text)) : ResolveYamlScalar(text);
  if (!scalar) return std::nullopt;
  std::string json;
  if (const auto* flag = std::get_if<bool>(&*scalar)) {
    json = *flag ? "true" : "false";
  } else if (const auto* whole = std::get_if<std::int64_t>(&*scalar)) {
    AppendJsonInt(json, *whole);
  } else if (const auto* number = std::get_if<double>(&*scalar)) {
    AppendJsonDouble(json, *number);
  } else {
    AppendJsonString(json, text);
  }
  return json;
}

class Walk {
 public:
  Walk(Settings& settings, const std::string& file) : settings_(settings), file_(file) {}

  Result<void> Map(const YAML::Node& node, const std::string& prefix) {
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string place = Place(file_, entry.first.Mark());
      if (!entry.first.IsScalar()) return Fail(Error::Invalid(place, "a key is not a name"));
      const std::string path = prefix + Utf8OfYaml(entry.first.Scalar());
      if (!seen.insert(path).second) {
        return Fail(Error::Invalid(place, "\"" + path + "\" is given twice"));
      }
      auto read = Entry(path, entry.second, place);
      if (!read) return read;
    }
    return {};
  }

 private:
  Result<void> Entry(const std::string& path, const YAML::Node& node, const std::string& place) {
    const Settings::Setting* setting = settings_.Find(path);
    if (setting == nullptr) return Section(path, node, place);
    if (auto* const* map = std::get_if<ScalarMap*>(&setting->target)) {
      settings_.NoteOrigin(path, place);
      return Scalars(path, node, place, **map);
    }
    if (!node.IsScalar()) {
      return Fail(Error::Invalid(place, "\"" + path + "\" takes a single value"));
    }
    return settings_.Set(path, Utf8OfYaml(node.Scalar()), place);
  }

  Result<void> Section(const std::string& path, const YAML::Node& node, const std::string& place) {
    bool is_section = false;
    for (const Settings::Setting& setting : settings_.all()) {
      is_section = is_section || setting.path.starts_with(path + '.');
    }
    if (!is_section) {
      return Fail(Error::Invalid(
          place, "there is no setting \"" + path + "\"; --print-config shows all settings"));
    }
    if (node.IsNull()) return {};
    if (!node.IsMap()) {
      return Fail(Error::Invalid(place, "\"" + path + "\" is a section and takes settings"));
    }
    return Map(node, path + '.');
  }

  Result<void> Scalars(const std::string& path, const YAML::Node& node, const std::string& place,
                       ScalarMap& target) {
    if (node.IsNull()) return {};
    if (!node.IsMap()) return Fail(Error::Invalid(place, "\"" + path + "\" takes a map"));
    for (const auto& entry : node) {
      const std::string at = Place(file_, entry.first.Mark());
      if (!entry.first.IsScalar() || !entry.second.IsScalar()) {
        return Fail(Error::Invalid(at, "\"" + path + "\" takes one plain value for each key"));
      }
      auto json = ScalarAsJson(entry.second);
      if (!json) return Fail(Error::Invalid(at, "a number is too large"));
      const std::string key = Utf8OfYaml(entry.first.Scalar());
      if (!target.emplace(key, std::move(*json)).second) {
        return Fail(Error::Invalid(at, "\"" + key + "\" is given twice"));
      }
    }
    return {};
  }

  Settings& settings_;
  const std::string& file_;
};

}  // namespace

Result<void> Settings::ReadYaml(const std::string& file, const std::string& text) {
  try {
    const YAML::Node root = YAML::Load(WithEndOfYaml(text));
    if (root.IsNull()) return {};
    if (!root.IsMap()) return Fail(Error::Invalid(file, "expected settings as \"name: value\""));
    return Walk(*this, file).Map(root, "");
  } catch (const YAML::Exception& e) {
    return Fail(Error::Invalid(Place(file, e.mark), e.msg));
  }
}

}  // namespace pennon::base
