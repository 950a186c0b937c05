// The table, values from text, the environment, and printing. The YAML reader is settings_yaml.cpp.
#include "base/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/file.h"
#include "base/json_text.h"
#include "base/url.h"

namespace pennon::base {
namespace {

constexpr std::size_t kMaxConfigFileBytes = std::size_t{256} * 1024;

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};
constexpr std::array<Unit, 4> kTimeUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 4> kSizeUnits{
    {{"KiB", 1U << 10U}, {"MiB", 1U << 20U}, {"GiB", 1U << 30U}, {"", 1}}};

template <typename T>
bool ParseWhole(std::string_view text, T& value, int base = 10) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

template <std::size_t N>
bool ParseWithUnit(std::string_view text, const std::array<Unit, N>& units, std::uint64_t& value) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::uint64_t count = 0;
  if (!ParseWhole(text.substr(0, digits), count)) return false;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.suffix) continue;
    return !__builtin_mul_overflow(count, unit.factor, &value);
  }
  return false;
}

template <std::size_t N>
std::string WithUnit(std::uint64_t value, const std::array<Unit, N>& units) {
  const Unit* best = nullptr;
  for (const Unit& unit : units) {
    if (value % unit.factor != 0) continue;
    if (best == nullptr || (unit.factor > best->factor && value != 0)) best = &unit;
  }
  if (best == nullptr) return std::to_string(value);
  return std::to_string(value / best->factor) + std::string(best->suffix);
}

std::string ShownWhole(std::int64_t value) {
  return std::to_string(value);
}
std::string ShownTime(std::int64_t millis) {
  return WithUnit(static_cast<std::uint64_t>(millis), kTimeUnits);
}
std::string ShownSize(std::int64_t bytes) {
  return WithUnit(static_cast<std::uint64_t>(bytes), kSizeUnits);
}

Result<void> CheckRange(const Settings::Setting& setting, std::int64_t value,
                        const std::string& found, std::string (*shown)(std::int64_t)) {
  if (value >= setting.min && value <= setting.max) return {};
  std::string expected = "expected at least " + shown(setting.min);
  if (setting.max != INT64_MAX) expected += " and at most " + shown(setting.max);
  return Fail(Error::Invalid(setting.path, "is " + found + ", " + expected));
}

Error Expected(const Settings::Setting& setting, const std::string& text, std::string_view what) {
  return Error::Invalid(setting.path, "is \"" + text + "\", expected " + std::string(what));
}

// Puts text into the target of a setting; one overload a type.
struct Assign {
  const Settings::Setting& setting;
  const std::string& text;

  Result<void> operator()(std::string* target) const {
    *target = text;
    return {};
  }
  Result<void> operator()(bool* target) const {
    if (text != "true" && text != "false") return Fail(Expected(setting, text, "true or false"));
    *target = text == "true";
    return {};
  }
  Result<void> operator()(std::int64_t* target) const {
    std::int64_t value = 0;
    if (!ParseWhole(text, value)) return Fail(Expected(setting, text, "a whole number"));
    return CheckRange(setting, value, text, ShownWhole).map([&] { *target = value; });
  }
  Result<void> operator()(Duration* target) const {
    std::uint64_t value = 0;
    if (!ParseWithUnit(text, kTimeUnits, value) || value > INT64_MAX) {
      return Fail(Expected(setting, text, "a time such as 250ms, 10s, 5m or 1h"));
    }
    const auto millis = static_cast<std::int64_t>(value);
    return CheckRange(setting, millis, text, ShownTime).map([&] { target->millis = millis; });
  }
  Result<void> operator()(ByteSize* target) const {
    std::uint64_t value = 0;
    if (!ParseWithUnit(text, kSizeUnits, value) || value > INT64_MAX) {
      return Fail(Expected(setting, text, "a size such as 4096, 64KiB or 16MiB"));
    }
    return CheckRange(setting, static_cast<std::int64_t>(value), text, ShownSize).map([&] {
      target->bytes = value;
    });
  }
  Result<void> operator()(FileMode* target) const {
    std::uint32_t value = 0;
    if (!ParseWhole(text, value, 8) || value > 0777) {
      return Fail(Expected(setting, text, "an octal file mode such as 0660"));
    }
    target->bits = value;
    return {};
  }
  Result<void> operator()(ScalarMap*) const {
    return Fail(Expected(setting, text, "a map, which only the configuration file can give"));
  }
};

struct Render {
  std::string operator()(const std::string* value) const {
    std::string text;
    AppendJsonString(text, *value);
    return text;
  }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::int64_t* value) const { return std::to_string(*value); }
  std::string operator()(const Duration* value) const { return ShownTime(value->millis); }
  std::string operator()(const ByteSize* value) const { return WithUnit(value->bytes, kSizeUnits); }
  std::string operator()(const FileMode* value) const {
    std::array<char, 8> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value->bits, 8);
    return "\"0" + std::string(buffer.data(), end.ptr) + '"';
  }
  std::string operator()(const ScalarMap* value) const {
    std::string text;
    JsonObject object(text);
    for (const auto& [key, json] : *value) object.Raw(key, json);
    object.Close();
    return text;
  }
};

std::string EnvironmentName(std::string_view prefix, std::string_view path) {
  std::string name = std::string(prefix) + '_';
  for (const char c : path) {
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return name;
}

// "8017_TCP", "8017_TCP_ADDR": what follows _PORT_ for one port of a Service.
bool IsServicePort(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return false;
  text.remove_prefix(digits);
  for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
    if (!text.starts_with(protocol)) continue;
    const std::string_view rest = text.substr(protocol.size());
    return rest.empty() || rest == "_ADDR" || rest == "_PORT" || rest == "_PROTO";
  }
  return false;
}

// Kubernetes tells every pod of the Services in its namespace: a Service called pennon-store is
// PENNON_STORE_SERVICE_HOST, PENNON_STORE_PORT=tcp://10.0.0.1:8017, PENNON_STORE_PORT_8017_TCP, ….
bool IsOfKubernetes(std::string_view name, std::string_view value) {
  constexpr std::string_view kPort = "_PORT";
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
      name.find("_SERVICE_PORT_") != std::string_view::npos) {
    return true;
  }
  if (name.ends_with(kPort) && (value.starts_with("tcp://") || value.starts_with("udp://") ||
                                value.starts_with("sctp://"))) {
    return true;
  }
  for (std::size_t at = name.find("_PORT_"); at != std::string_view::npos;
       at = name.find("_PORT_", at + 1)) {
    if (IsServicePort(name.substr(at + kPort.size() + 1))) return true;
  }
  return false;
}

std::string MaskedText(const Settings::Setting& setting) {
  const auto* const target = std::get_if<std::string*>(&setting.target);
  if (target == nullptr) return ValueText(setting);
  std::string text = Masked(**target);
  Settings::Setting masked = setting;
  masked.target = &text;
  return ValueText(masked);
}

std::string AsYaml(const std::vector<Settings::Setting>& settings,
                   std::string (*text_of)(const Settings::Setting&)) {
  std::string text;
  std::string section;
  for (const Settings::Setting& setting : settings) {
    const std::size_t dot = setting.path.find('.');
    const std::string group = dot == std::string::npos ? "" : setting.path.substr(0, dot);
    if (group != section && !group.empty()) text += group + ":\n";
    section = group;
    const std::string name = group.empty() ? setting.path : "  " + setting.path.substr(dot + 1);
    text += name + ": " + text_of(setting) + "  # " + setting.origin + '\n';
  }
  return text;
}

}  // namespace

void Settings::Add(std::string path, SettingTarget target, std::string description,
                   std::int64_t min, std::int64_t max) {
  settings_.push_back({std::move(path), std::move(description), target, min, max, "default"});
}

void Settings::PassOver(std::string variable) {
  passed_over_.push_back(std::move(variable));
}

const Settings::Setting* Settings::Find(std::string_view path) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(),
                                  [&](const Setting& setting) { return setting.path == path; });
  return found == settings_.end() ? nullptr : &*found;
}

void Settings::NoteOrigin(std::string_view path, const std::string& origin) {
  if (Setting* const setting = FindMutable(path)) setting->origin = origin;
}

Error Settings::Located(const Error& error) const {
  for (const Setting& setting : settings_) {
    const std::string& where = error.where();
    const bool is_named = where == setting.path || where.starts_with(setting.path + '.');
    if (is_named && setting.origin != kDefaultOrigin) {
      return Error::Invalid(setting.origin, error.Message());
    }
  }
  return error;
}

Settings::Setting* Settings::FindMutable(std::string_view path) {
  return const_cast<Setting*>(Find(path));
}

Result<void> Settings::Set(std::string_view path, const std::string& text,
                           const std::string& origin) {
  Setting* setting = FindMutable(path);
  if (setting == nullptr) {
    return Fail(Error::Invalid(origin, "there is no setting \"" + std::string(path) + '"'));
  }
  auto assigned = std::visit(Assign{*setting, text}, setting->target);
  if (!assigned) return Fail(Error::Invalid(origin, assigned.error().Message()));
  setting->origin = origin;
  return {};
}

Result<void> Settings::ReadEnvironment(std::string_view prefix, char* const* environment) {
  for (; *environment != nullptr; ++environment) {
    const std::string_view entry(*environment);
    const std::size_t equals = entry.find('=');
    const std::string_view name = entry.substr(0, equals);
    if (equals == std::string_view::npos || !name.starts_with(std::string(prefix) + '_')) continue;
    const auto found = std::find_if(
        settings_.begin(), settings_.end(),
        [&](const Setting& setting) { return EnvironmentName(prefix, setting.path) == name; });
    const std::string_view value = entry.substr(equals + 1);
    if (found == settings_.end()) {
      const bool is_passed_over =
          std::find(passed_over_.begin(), passed_over_.end(), name) != passed_over_.end();
      if (is_passed_over || IsOfKubernetes(name, value)) continue;
      return Fail(Error::Invalid(name,
                                 "this environment variable names no setting; run with "
                                 "--print-config to see all settings"));
    }
    auto set = Set(found->path, std::string(value), std::string(name));
    if (!set) return set;
  }
  return {};
}

Result<void> Settings::ReadFileAndEnvironment(const std::string& file, std::string_view prefix,
                                              char* const* environment) {
  if (!file.empty()) {
    const auto text = ReadFile(file, kMaxConfigFileBytes);
    if (!text) return Fail(text.error());
    if (auto read = ReadYaml(file, *text); !read) return read;
  }
  return ReadEnvironment(prefix, environment);
}

std::vector<std::string> Settings::ChangedSince(const Settings& before) const {
  std::vector<std::string> changed;
  for (const Setting& setting : settings_) {
    const Setting* other = before.Find(setting.path);
    if (ValueText(setting) != ValueText(*other)) changed.push_back(setting.path);
  }
  return changed;
}

std::string Settings::Print() const {
  return AsYaml(settings_, ValueText);
}
std::string Settings::PrintMasked() const {
  return AsYaml(settings_, MaskedText);
}

std::string ValueText(const Settings::Setting& setting) {
  return std::visit(Render{}, setting.target);
}

std::string FlagName(std::string_view path) {
  std::string name = "--" + std::string(path);
  std::replace_if(
      name.begin() + 2, name.end(), [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

}  // namespace pennon::base
