// The description of the store's HTTP interface, for programs: store/openapi.json.
#pragma once

#include <string_view>

namespace pennon::store {

/// OpenAPI 3.1 as JSON text.
std::string_view OpenApiDocument();

}  // namespace pennon::store
