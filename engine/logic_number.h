// Numbers as JavaScript reads and prints them (ECMA-262: StringToNumber, parseFloat,
// Number::toString), which is what JSONLogic means by them.
#pragma once

#include <array>
#include <string_view>

#include "model/context.h"

namespace pennon::engine {

/// Room for any number's text.
using NumberText = std::array<char, 40>;

/// The number that the whole text is, without the white space around it; "" is 0; NaN otherwise.
double NumberFromText(std::string_view text);
/// The number that the text begins with; NaN when it begins with none.
double NumberFromPrefix(std::string_view text);
/// The shortest text that reads as this number; a view into `buffer` or of a constant.
std::string_view TextOfNumber(double number, NumberText& buffer);

/// A scalar as text: a string itself, `true`, `false`, a number as above; "" for all others.
std::string_view TextOf(const model::Attribute& attribute, NumberText& buffer);

}  // namespace pennon::engine
