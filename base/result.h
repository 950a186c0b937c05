// Result<T>: a value or an Error. Members are those of C++23's std::expected.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace pennon::base {

template <typename T>
using Result = tl::expected<T, Error>;

/// Turns an Error into the failing side of any Result: `return Fail(Error::Invalid(…))`.
inline tl::unexpected<Error> Fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace pennon::base
