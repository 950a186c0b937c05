#include "wire/flagd_targeting_check.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace pennon::wire {
namespace {

using base::Error;
using model::Array;
using model::Value;

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
constexpr std::string_view kFlagdPrefix = "$flagd.";

struct Operator {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};
// Those that take any values; the others have functions of their own.
constexpr std::array kOperators{
    Operator{"==", 2, 2},     Operator{"===", 2, 2},      Operator{"!=", 2, 2},
    Operator{"!==", 2, 2},    Operator{">", 2, 2},        Operator{">=", 2, 2},
    Operator{"%", 2, 2},      Operator{"/", 2, 2},        Operator{"map", 2, 2},
    Operator{"filter", 2, 2}, Operator{"all", 2, 2},      Operator{"none", 2, 2},
    Operator{"some", 2, 2},   Operator{"in", 2, 2},       Operator{"substr", 2, 3},
    Operator{"<", 2, 3},      Operator{"<=", 2, 3},       Operator{"reduce", 3, 3},
    Operator{"*", 2, kAny},   Operator{"!", 1, 1},        Operator{"!!", 1, 1},
    Operator{"if", 1, kAny},  Operator{"or", 1, kAny},    Operator{"and", 1, kAny},
    Operator{"+", 1, kAny},   Operator{"-", 1, kAny},     Operator{"max", 1, kAny},
    Operator{"min", 1, kAny}, Operator{"merge", 1, kAny}, Operator{"cat", 1, kAny},
    Operator{"?:", 1, kAny},  Operator{"log", 1, 1}};
constexpr std::array<std::string_view, 8> kVersionOperators{"=",  "!=", ">", "<",
                                                            ">=", "<=", "~", "^"};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Numbers with dots between them, up to three, as `sem_ver` reads them: with a v before them, and
// fewer when nothing follows.
bool IsVersion(std::string_view text) {
  if (!text.empty() && (text.front() == 'v' || text.front() == 'V')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of("-+"), text.size());
  const bool has_more = end != text.size();
  std::string_view numbers = text.substr(0, end);
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    const std::size_t dot = std::min(numbers.find('.'), numbers.size());
    const std::string_view number = numbers.substr(0, dot);
    more = dot != numbers.size();
    numbers.remove_prefix(more ? dot + 1 : dot);
    if (number.empty() || !std::all_of(number.begin(), number.end(), IsDigit) ||
        (number.size() > 1 && number.front() == '0')) {
      return false;
    }
  }
  return count == 3 || (count < 3 && !has_more);
}

std::string At(const std::string& path, std::size_t index) {
  return path + '[' + std::to_string(index) + ']';
}

class Checker {
 public:
  explicit Checker(std::vector<Error>& errors) : errors_(errors) {}

  // Recursive: values are built by ReadJson, which bounds their depth.
  void Rule(const Value& rule, const std::string& path) {
    const auto* object = rule.AsObject();
    if (object == nullptr || object->size() != 1) return;
    const auto& [name, arguments] = object->front();
    const std::string place = path + '.' + name;
    if (name == "$ref") return Reference(arguments, place);
    if (name == "var") return Var(arguments, place);
    if (name == "missing") return Names(arguments, place);
    if (name == "missing_some") return MissingSome(arguments, place);
    if (name == "starts_with" || name == "ends_with") return Texts(arguments, place);
    if (name == "sem_ver") return Versions(arguments, place);
    if (name == "fractional") return Fractional(arguments, place);
    const auto* found =
        std::find_if(kOperators.begin(), kOperators.end(),
                     [&wanted = name](const Operator& op) { return op.name == wanted; });
    if (found == kOperators.end()) {
      all_known_ = false;
    } else if (arguments.AsArray() == nullptr && found->most == 1) {
      Rule(arguments, place);
    } else if (const auto* list = List(arguments, place, found->least, found->most)) {
      for (std::size_t i = 0; i < list->size(); ++i) Rule((*list)[i], At(place, i));
    }
  }
  [[nodiscard]] bool all_known() const { return all_known_; }

 private:
  void Note(const std::string& place, std::string_view what) {
    errors_.push_back(Error::Invalid(place, what));
  }
  const Array* List(const Value& value, const std::string& place, std::size_t least,
                    std::size_t most) {
    const auto* list = value.AsArray();
    if (list == nullptr) {
      Note(place, "is " + std::string(TypeName(value)) + ", expected an array of arguments");
    } else if (list->size() < least || list->size() > most) {
      const std::string expected = most == kAny ? std::to_string(least) + " or more"
                                   : least == most
                                       ? std::to_string(least)
                                       : std::to_string(least) + " or " + std::to_string(most);
      Note(place, "has " + std::to_string(list->size()) + " arguments, expected " + expected);
    } else {
      return list;
    }
    return nullptr;
  }

  void Reference(const Value& name, const std::string& place) {
    if (name.AsString() == nullptr) Note(place, "expected the name of one of $evaluators");
  }
  void Var(const Value& path, const std::string& place) {
    const std::string* text = path.AsString();
    if (text == nullptr || !text->starts_with(kFlagdPrefix)) return;
    const auto member = std::string_view(*text).substr(kFlagdPrefix.size());
    if (member != "flagKey" && member != "timestamp") {
      Note(place, "\"" + *text + "\" is never set; flagd sets $flagd.flagKey and $flagd.timestamp");
    }
  }
  void Names(const Value& names, const std::string& place) {
    const auto* list = List(names, place, 0, kAny);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].AsString() == nullptr) Note(At(place, i), "expected a string");
    }
  }
  void MissingSome(const Value& arguments, const std::string& place) {
    const auto* list = List(arguments, place, 2, 2);
    if (list == nullptr) return;
    if ((*list)[0].AsInt() == nullptr && (*list)[0].AsDouble() == nullptr) {
      Note(At(place, 0), "expected a number");
    }
    Names((*list)[1], At(place, 1));
  }
  void Texts(const Value& arguments, const std::string& place) {
    const auto* list = List(arguments, place, 2, 2);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Value& one = (*list)[i];
      if (one.AsString() == nullptr && one.AsObject() == nullptr) {
        Note(At(place, i), "is " + std::string(TypeName(one)) + ", expected a string or a rule");
      }
      Rule(one, At(place, i));
    }
  }
  void Versions(const Value& arguments, const std::string& place) {
    const auto* list = List(arguments, place, 3, 3);
    if (list == nullptr) return;
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
      const Value& one = (*list)[i];
      const std::string* text = one.AsString();
      if (one.AsObject() == nullptr && (text == nullptr || !IsVersion(*text))) {
        Note(At(place, i), "expected a semantic version or a rule");
      }
      Rule(one, At(place, i));
    }
    const std::string* op = (*list)[1].AsString();
    if (op == nullptr || std::find(kVersionOperators.begin(), kVersionOperators.end(), *op) ==
                             kVersionOperators.end()) {
      Note(At(place, 1), "expected one of = != > < >= <= ~ ^");
    }
  }

  void Fractional(const Value& arguments, const std::string& place) {
    const auto* list = List(arguments, place, 1, kAny);
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const Value& one = (*list)[i];
      if (i == 0 && one.AsObject() != nullptr) {
        Rule(one, At(place, i));
      } else {
        Bucket(one, At(place, i));
      }
    }
  }
  void Bucket(const Value& bucket, const std::string& place) {
    const auto* list = List(bucket, place, 1, 2);
    if (list == nullptr) return;
    Rule(list->front(), At(place, 0));
    if (list->size() < 2) return;
    const Value& weight = list->back();
    const auto* whole = weight.AsInt();
    const auto* number = weight.AsDouble();
    const bool is_valid = weight.AsObject() != nullptr || (whole != nullptr && *whole >= 0) ||
                          (number != nullptr && *number >= 0 && *number < 1e15 &&
                           static_cast<double>(static_cast<std::int64_t>(*number)) == *number);
    if (!is_valid) Note(At(place, 1), "expected a whole number, 0 or more, or a rule");
    Rule(weight, At(place, 1));
  }

  std::vector<Error>& errors_;
  bool all_known_ = true;
};

}  // namespace

bool CheckFlagdTargeting(const Value& rule, const std::string& path, std::vector<Error>& errors) {
  Checker checker(errors);
  if (rule.AsObject() == nullptr) {
    errors.push_back(
        Error::Invalid(path, "is " + std::string(TypeName(rule)) + ", expected an object"));
  }
  checker.Rule(rule, path);
  return checker.all_known();
}

}  // namespace pennon::wire
