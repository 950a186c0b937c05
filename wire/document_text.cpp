#include "wire/document_text.h"

#include "wire/json.h"
#include "wire/json_position.h"
#include "wire/yaml.h"

namespace pennon::wire {

bool IsJson(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

base::Result<model::Value> ReadDocumentText(std::string_view text) {
  return IsJson(text) ? ReadJson(text) : ReadYaml(text);
}

TextPosition FindDocumentPosition(std::string_view text, std::string_view path) {
  return IsJson(text) ? FindJsonPosition(text, path) : FindYamlPosition(text, path);
}

}  // namespace pennon::wire
