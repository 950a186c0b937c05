// The functions of pennon.h that give a value, and nothing else about it.
#include "client/c_objects.h"

using namespace pennon;
using namespace pennon::client;

bool pennon_bool(pennon_client* client, const char* key, const pennon_context* context,
                 bool fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}
std::int64_t pennon_int(pennon_client* client, const char* key, const pennon_context* context,
                        std::int64_t fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}
double pennon_double(pennon_client* client, const char* key, const pennon_context* context,
                     double fallback) {
  if (client == nullptr) return fallback;
  return client->core.Value(View(key), ViewOf(context), fallback);
}

pennon_flag* pennon_flag_get(pennon_client* client, const char* key) {
  if (client == nullptr) return nullptr;
  return Guarded(
      [&]() -> pennon_flag* {
        const ForkLock lock;
        auto& flag = client->flags[std::string(View(key))];
        if (flag == nullptr) {
          flag.reset(new pennon_flag{client->core, FlagRef(std::string(View(key)))});
        }
        return flag.get();
      },
      nullptr);
}
bool pennon_flag_bool(pennon_flag* flag, const pennon_context* context, bool fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}
std::int64_t pennon_flag_int(pennon_flag* flag, const pennon_context* context,
                             std::int64_t fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}
double pennon_flag_double(pennon_flag* flag, const pennon_context* context, double fallback) {
  if (flag == nullptr) return fallback;
  return flag->core.Value(flag->ref, ViewOf(context), fallback);
}
