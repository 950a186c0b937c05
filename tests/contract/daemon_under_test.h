// A real pennond that serves one document, asked over every way in.
#pragma once

#include <string>

#include "client/client.h"
#include "net/http_client.h"
#include "tests/contract/contract_rows.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace pennon::test {

class DaemonUnderTest {
 public:
  explicit DaemonUnderTest(const std::string& document);

  Expected AskFrames(const Row& row);
  Expected AskFramesBatch(const Row& row);
  Expected AskOfrep(const Row& row);
  Expected AskOfrepBulk(const Row& row);
  Expected AskEvaluate(const Row& row);

 private:
  model::Value Post(const std::string& path, const std::string& body);

  TempDir dir_;
  Process process_;
  client::Client client_;
  net::HttpClient http_{"contract-test"};
  std::string http_address_;
};

}  // namespace pennon::test
