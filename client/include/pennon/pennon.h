/* libpennon: what a flag is, for C and for everything that can call C.
 *
 *   pennon_client* flags = pennon_open(NULL);
 *   pennon_context* user = pennon_context_new("user-7");
 *   if (pennon_bool(flags, "new-checkout", user, false)) ...
 *   pennon_context_free(user);
 *   pennon_close(flags);
 *
 * Every call returns by its deadline with a value: the flag's, or the caller's own default. Nothing
 * here throws, raises a signal or ends the process. Strings are UTF-8 and end with a zero; those
 * that are passed in are copied, those that come out belong to the object they were asked from.
 *
 * Threads: a client may be used by any number of threads at once; a context, a detail and a batch
 * by one at a time (a context that nobody changes: by any number). After fork() a client goes on in
 * the child. Not to be called from signal handlers. */
#ifndef PENNON_PENNON_H
#define PENNON_PENNON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NOLINTBEGIN: names as C has them */
#ifdef __cplusplus
extern "C" {
#endif

#define PENNON_API __attribute__((visibility("default")))

typedef struct pennon_client pennon_client;
typedef struct pennon_context pennon_context;
typedef struct pennon_flag pennon_flag;
typedef struct pennon_detail pennon_detail;
typedef struct pennon_batch pennon_batch;

/* How a client comes to its answers. */
typedef enum {
  PENNON_AUTO = 0, /* maps the daemon's flags and evaluates in the process; else asks over frames */
  PENNON_FRAMES = 1 /* asks the daemon each time; starts no thread until one is needed */
} pennon_mode;

typedef enum {
  PENNON_BOOLEAN = 0,
  PENNON_STRING = 1,
  PENNON_INTEGER = 2,
  PENNON_NUMBER = 3,
  PENNON_OBJECT = 4 /* or array; as JSON text */
} pennon_type;

typedef enum {
  PENNON_REASON_ERROR = 0, /* see the error code; the value is the caller's default */
  PENNON_REASON_STATIC = 1,
  PENNON_REASON_DEFAULT = 2,
  PENNON_REASON_TARGETING_MATCH = 3,
  PENNON_REASON_SPLIT = 4,
  PENNON_REASON_DISABLED = 5
} pennon_reason;

typedef enum {
  PENNON_OK = 0,
  PENNON_FLAG_NOT_FOUND = 1,
  PENNON_PARSE_ERROR = 2,
  PENNON_TARGETING_KEY_MISSING = 3,
  PENNON_INVALID_CONTEXT = 4,
  PENNON_TYPE_MISMATCH = 5,
  PENNON_PROVIDER_NOT_READY = 6,
  PENNON_GENERAL = 7
} pennon_error;

typedef enum {
  PENNON_LIVE = 0,
  PENNON_CACHE = 1,
  PENNON_BOOTSTRAP = 2,
  PENNON_DEFAULT = 3
} pennon_source;

/* Set `size` to sizeof(pennon_options); what is zero takes its default. */
typedef struct {
  size_t size;
  const char* socket_path; /* $PENNON_SOCKET, or /run/pennon/pennon.sock */
  const char* environment; /* $PENNON_ENVIRONMENT, or the only one that the daemon serves */
  const char* name;        /* of this program, for the daemon's status: "libpennon" */
  const char* definitions; /* a native flag-set document (JSON): evaluates from it, no daemon */
  const char* definitions_file; /* the same in a file */
  pennon_mode mode;
  uint32_t timeout_ms;   /* of one call over frames, reconnecting included: 50 */
  uint32_t retry_max_ms; /* longest pause between attempts to connect: 1000 */
  uint32_t report_ms;    /* between reports of usage in mapped mode: 10000 */
  uint32_t spin_us;      /* that a call over frames waits without sleeping, 1000 at most: 0 */
} pennon_options;

/* --- Clients --- */

/* Never waits and never fails but for memory (NULL). `options` may be NULL. What is wrong with the
 * options, a definitions file that cannot be read among it, is the message of every answer. */
PENNON_API pennon_client* pennon_open(const pennon_options* options);
/* Waits for calls of the client's own thread only; no call may be under way. NULL is fine. */
PENNON_API void pennon_close(pennon_client* client);
/* True as soon as there are flags to answer from; false when `timeout_ms` have passed. */
PENNON_API bool pennon_wait_ready(pennon_client* client, uint32_t timeout_ms);
/* "mapped", "frames" or "embedded": where answers come from at this moment. */
PENNON_API const char* pennon_way(const pennon_client* client);

/* --- Contexts --- */

/* `targeting_key` may be NULL. NULL: no memory. An attribute for which there is none is not set. */
PENNON_API pennon_context* pennon_context_new(const char* targeting_key);
PENNON_API void pennon_context_free(pennon_context* context);
/* Empties it and keeps its memory, so that a context that is reused does not allocate. */
PENNON_API void pennon_context_clear(pennon_context* context);
PENNON_API void pennon_context_set_bool(pennon_context* context, const char* name, bool value);
PENNON_API void pennon_context_set_int(pennon_context* context, const char* name, int64_t value);
PENNON_API void pennon_context_set_double(pennon_context* context, const char* name, double value);
PENNON_API void pennon_context_set_string(pennon_context* context, const char* name,
                                          const char* value);
PENNON_API void pennon_context_set_text(pennon_context* context, const char* name,
                                        const char* value, size_t size);
/* Any JSON value. False, and nothing is set, when `json` is none. */
PENNON_API bool pennon_context_set_json(pennon_context* context, const char* name,
                                        const char* json);
/* Adds the attributes of `defaults` that `context` does not have. */
PENNON_API void pennon_context_merge(pennon_context* context, const pennon_context* defaults);

/* --- Values. `context` may be NULL. --- */

PENNON_API bool pennon_bool(pennon_client* client, const char* key, const pennon_context* context,
                            bool fallback);
PENNON_API int64_t pennon_int(pennon_client* client, const char* key, const pennon_context* context,
                              int64_t fallback);
PENNON_API double pennon_double(pennon_client* client, const char* key,
                                const pennon_context* context, double fallback);

/* A flag found once. Belongs to the client; stays right when revisions change. NULL: no memory. */
PENNON_API pennon_flag* pennon_flag_get(pennon_client* client, const char* key);
PENNON_API bool pennon_flag_bool(pennon_flag* flag, const pennon_context* context, bool fallback);
PENNON_API int64_t pennon_flag_int(pennon_flag* flag, const pennon_context* context,
                                   int64_t fallback);
PENNON_API double pennon_flag_double(pennon_flag* flag, const pennon_context* context,
                                     double fallback);

/* --- Answers with all that is known about them; also the way to strings and objects --- */

PENNON_API pennon_detail* pennon_detail_new(void);
PENNON_API void pennon_detail_free(pennon_detail* detail);
/* True when `detail` has a value of that type; false: use your default, the reason is in it. */
PENNON_API bool pennon_evaluate(pennon_client* client, const char* key,
                                const pennon_context* context, pennon_type type,
                                pennon_detail* detail);
PENNON_API bool pennon_flag_evaluate(pennon_flag* flag, const pennon_context* context,
                                     pennon_type type, pennon_detail* detail);

PENNON_API const char* pennon_detail_key(const pennon_detail* detail);
PENNON_API bool pennon_detail_has_value(const pennon_detail* detail);
PENNON_API pennon_type pennon_detail_type(const pennon_detail* detail);
PENNON_API bool pennon_detail_bool(const pennon_detail* detail);
PENNON_API int64_t pennon_detail_int(const pennon_detail* detail);
PENNON_API double pennon_detail_double(const pennon_detail* detail);
/* The string, or an object's JSON. `size` may be NULL. */
PENNON_API const char* pennon_detail_text(const pennon_detail* detail, size_t* size);
PENNON_API const char* pennon_detail_variant(const pennon_detail* detail);
PENNON_API pennon_reason pennon_detail_reason(const pennon_detail* detail);
PENNON_API pennon_error pennon_detail_error(const pennon_detail* detail);
PENNON_API const char* pennon_detail_message(const pennon_detail* detail);
PENNON_API const char* pennon_detail_metadata(const pennon_detail* detail); /* JSON object or "" */
PENNON_API pennon_source pennon_detail_source(const pennon_detail* detail);
PENNON_API uint64_t pennon_detail_epoch(const pennon_detail* detail);
PENNON_API uint64_t pennon_detail_revision(const pennon_detail* detail);
PENNON_API int64_t pennon_detail_age_ms(const pennon_detail* detail);
PENNON_API bool pennon_detail_stale(const pennon_detail* detail);

/* Several flags of one flag set; no keys: all of them. */
PENNON_API pennon_batch* pennon_batch_evaluate(pennon_client* client, const char* const* keys,
                                               size_t count, const pennon_context* context);
PENNON_API void pennon_batch_free(pennon_batch* batch);
PENNON_API size_t pennon_batch_size(const pennon_batch* batch);
PENNON_API const pennon_detail* pennon_batch_at(const pennon_batch* batch, size_t index);
/* "" or why there are no answers. */
PENNON_API const char* pennon_batch_message(const pennon_batch* batch);

/* --- Changes and asynchronous calls: for any loop that can wait for a descriptor --- */

/* Readable when pennon_dispatch has something to do; -1 when there are no descriptors left. The
 * child of a fork has one of its own at the same number once it has called this or pennon_dispatch;
 * an epoll has to be told of it again. */
PENNON_API int pennon_fd(pennon_client* client);
/* Calls, in this thread, what is due; returns how many. Never waits. */
PENNON_API size_t pennon_dispatch(pennon_client* client);

typedef void (*pennon_answered)(void* user, const pennon_detail* detail);
/* Evaluates aside; `answered` is called by pennon_dispatch, once, by its deadline. False: no
 * memory, and `answered` will not be called. */
PENNON_API bool pennon_evaluate_async(pennon_client* client, const char* key,
                                      const pennon_context* context, pennon_type type,
                                      pennon_answered answered, void* user);

typedef void (*pennon_changed)(void* user, uint64_t epoch, uint64_t revision);
/* `changed` is called by pennon_dispatch when answers may have become others. One listener; NULL
 * takes it away, and another takes its place: then the one before is not called any more, unless
 * another thread is dispatching at this moment. */
PENNON_API void pennon_on_change(pennon_client* client, pennon_changed changed, void* user);

/* --- For tests of programs that use flags --- */

/* A client without a daemon whose flags are those that are set here. */
PENNON_API pennon_client* pennon_test_open(void);
/* Sets a flag to a JSON value for everybody. False when `json` is none, or null. */
PENNON_API bool pennon_test_set(pennon_client* client, const char* key, const char* json);
PENNON_API void pennon_test_remove(pennon_client* client, const char* key);

PENNON_API const char* pennon_version(void);

#ifdef __cplusplus
}
#endif
/* NOLINTEND */

#endif /* PENNON_PENNON_H */
