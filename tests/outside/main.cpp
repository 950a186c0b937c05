#include <pennon/client.h>
#include <pennon/test_client.h>

#include <cstdio>

int main() {
  pennon::TestClient flags;
  flags.Set("new-checkout", true);
  pennon::Context user("user-7");
  user.Set("country", "NO").Set("age", 30).Set("vip", true);
  const bool on = flags.BoolValue("new-checkout", user, false);
  std::printf("new-checkout is %s\n", on ? "on" : "off");
  return on && flags.StringValue("none", user, "mine") == "mine" ? 0 : 1;
}
