#include "cli/table.h"

#include <algorithm>
#include <cctype>

#include "base/visible_text.h"
#include "cli/style.h"

namespace pennon::cli {
namespace {

std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string Cell(const model::Value* value) {
  if (value == nullptr) return "-";
  if (const std::string* text = value->AsString()) return *text;
  std::string json;
  AppendJson(json, *value);
  return json;
}

// One may write a comment that looks like other rows.
std::vector<std::vector<std::string>> Visible(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows) {
    for (std::string& cell : row) cell = base::VisibleText(cell);
  }
  return rows;
}

}  // namespace

std::string RenderRows(const std::vector<std::vector<std::string>>& given) {
  const auto rows = Visible(given);
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      line += rows[r][i];
      if (i + 1 < rows[r].size()) line.append(widths[i] - Width(rows[r][i]) + 2, ' ');
    }
    out += (r == 0 ? Styled(line, Style::kBold) : line) + '\n';
  }
  return out;
}

std::string RenderObjects(const model::Value& array, const std::vector<std::string>& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (std::string name : columns) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    rows[0].push_back(std::move(name));
  }
  if (array.AsArray() != nullptr) {
    for (const model::Value& object : *array.AsArray()) {
      auto& row = rows.emplace_back();
      for (const std::string& column : columns) row.push_back(Cell(object.Find(column)));
    }
  }
  return RenderRows(rows);
}

}  // namespace pennon::cli
