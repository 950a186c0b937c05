// A client for the tests of programs that use flags: no daemon, flags set in code.
//
//   pennon::TestClient flags;
//   flags.Set("new-checkout", true);
//   Checkout checkout(flags);  // takes a pennon::Client&
#pragma once

#include <cstdio>
#include <string>

#include "pennon/client.h"

namespace pennon {

class TestClient : public Client {
 public:
  TestClient() : Client(pennon_test_open()) {}

  void Set(const std::string& key, bool value) { SetJson(key, value ? "true" : "false"); }
  void Set(const std::string& key, int value) { SetJson(key, std::to_string(value)); }
  void Set(const std::string& key, std::int64_t value) { SetJson(key, std::to_string(value)); }
  void Set(const std::string& key, double value) {
    char text[40];
    std::snprintf(text, sizeof(text), "%.17g", value);
    std::string json = text;
    if (json.find_first_of(".en") == std::string::npos) json += ".0";
    SetJson(key, json);
  }
  void Set(const std::string& key, const std::string& value) {
    std::string json = "\"";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      char escaped[8];
      if (byte < 0x20 || c == '"' || c == '\\') {
        std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
        json += escaped;
      } else {
        json += c;
      }
    }
    SetJson(key, json + '"');
  }
  void Set(const std::string& key, const char* value) { Set(key, std::string(value)); }
  /// Any JSON value but null; false when it is none.
  bool SetJson(const std::string& key, const std::string& json) {
    return pennon_test_set(get(), key.c_str(), json.c_str());
  }
  void Remove(const std::string& key) { pennon_test_remove(get(), key.c_str()); }
};

}  // namespace pennon
