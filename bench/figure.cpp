#include "bench/figure.h"

#include <cstdio>
#include <cstdlib>

#include "base/json_text.h"

namespace pennon::bench {
namespace {

void AppendNumber(base::JsonObject& line, std::string_view key, double value) {
  base::AppendJsonDouble(line.Key(key), value);
}

}  // namespace

void Print(const Figure& figure) {
  std::string text;
  base::JsonObject line(text);
  line.String("name", figure.name).String("unit", figure.unit);
  AppendNumber(line, "value", figure.value);
  AppendNumber(line, "floor", figure.floor);
  AppendNumber(line, "ratio", figure.ratio);
  bool pass = true;
  if (figure.at_most) {
    AppendNumber(line, "atMost", *figure.at_most);
    pass = figure.ratio <= *figure.at_most;
  }
  if (figure.at_least) {
    AppendNumber(line, "atLeast", *figure.at_least);
    pass = figure.ratio >= *figure.at_least;
  }
  line.Bool("pass", pass).Close();
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

void Abort(const std::string& why) {
  std::fprintf(stderr, "no figures: %s\n", why.c_str());
  std::exit(1);
}

}  // namespace pennon::bench
