/* A service in C: one client for the process, one context that is reused, a flag that is asked often. */
#include <pennon/pennon.h>
#include <stdio.h>

int main(int argc, char** argv) {
  pennon_options options = {.size = sizeof options, .name = "checkout"};
  pennon_client* flags = pennon_open(&options); /* never waits; finds the daemon by $PENNON_SOCKET */
  pennon_flag* checkout = pennon_flag_get(flags, "new-checkout");
  pennon_context* user = pennon_context_new(NULL);
  pennon_detail* banner = pennon_detail_new();

  pennon_wait_ready(flags, 2000); /* so that the first user gets flags, too; not needed */
  for (int i = 1; i < argc; ++i) {
    pennon_context_clear(user);
    pennon_context_set_string(user, "targetingKey", argv[i]);
    pennon_context_set_string(user, "country", "NO");
    const bool on = pennon_flag_bool(checkout, user, false);
    const bool found = pennon_evaluate(flags, "banner", user, PENNON_STRING, banner);
    printf("%s: new checkout %s, banner \"%s\" (%s)\n", argv[i], on ? "on" : "off",
           found ? pennon_detail_text(banner, NULL) : "Welcome", pennon_way(flags));
  }
  pennon_detail_free(banner);
  pennon_context_free(user);
  pennon_close(flags); /* reports what was counted */
}
