#include <pennon/pennon.h>
#include <stdio.h>

int main(void) {
  pennon_client* flags = pennon_test_open();
  pennon_context* user = pennon_context_new("user-7");
  bool on;
  pennon_test_set(flags, "new-checkout", "true");
  on = pennon_bool(flags, "new-checkout", user, false);
  printf("new-checkout is %s\n", on ? "on" : "off");
  pennon_context_free(user);
  pennon_close(flags);
  return on ? 0 : 1;
}
