"""pennon for Python over the C functions of libpennon, with nothing but ctypes.

    flags = Client()
    if flags.get("new-checkout", False, targetingKey="user-7", country="NO"): …

PENNON_LIBRARY names the library when the system does not find it.
"""
import ctypes
import json
import os

_lib = ctypes.CDLL(os.environ.get("PENNON_LIBRARY", "libpennon.so.1"))
_TYPES = {bool: 0, str: 1, int: 2, float: 3}
REASONS = "ERROR STATIC DEFAULT TARGETING_MATCH SPLIT DISABLED".split()
ERRORS = ("", "FLAG_NOT_FOUND", "PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "TYPE_MISMATCH",
          "PROVIDER_NOT_READY", "GENERAL")
SOURCES = "live cache bootstrap default".split()


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("socket_path", ctypes.c_char_p), ("environment", ctypes.c_char_p),
                ("name", ctypes.c_char_p), ("definitions", ctypes.c_char_p), ("definitions_file", ctypes.c_char_p),
                ("mode", ctypes.c_int), ("timeout_ms", ctypes.c_uint32), ("retry_max_ms", ctypes.c_uint32),
                ("report_ms", ctypes.c_uint32), ("spin_us", ctypes.c_uint32)]


def _declare(result, *names, arguments=(ctypes.c_void_p,)):
    for name in names:
        function = getattr(_lib, "pennon_" + name)
        function.restype, function.argtypes = result, list(arguments)


_pointer, _text = ctypes.c_void_p, ctypes.c_char_p
_declare(_pointer, "open", arguments=(ctypes.POINTER(Options),))
_declare(_pointer, "context_new", arguments=(_text,))
_declare(_pointer, "detail_new", arguments=())
_declare(None, "close", "context_free", "detail_free", "batch_free")
_declare(_text, "way", "detail_key", "detail_variant", "detail_message", "detail_metadata", "batch_message")
_declare(ctypes.c_bool, "detail_has_value", "detail_bool", "detail_stale")
_declare(ctypes.c_int64, "detail_int", "detail_age_ms")
_declare(ctypes.c_uint64, "detail_epoch", "detail_revision")
_declare(ctypes.c_double, "detail_double")
_declare(ctypes.c_int, "detail_reason", "detail_error", "detail_source", "fd")
_declare(ctypes.c_size_t, "dispatch", "batch_size")
_declare(_pointer, "detail_text", arguments=(_pointer, _pointer))
_declare(ctypes.c_bool, "wait_ready", arguments=(_pointer, ctypes.c_uint32))
_declare(ctypes.c_bool, "context_set_json", arguments=(_pointer, _text, _text))
_declare(ctypes.c_bool, "bool", arguments=(_pointer, _text, _pointer, ctypes.c_bool))
_declare(ctypes.c_bool, "evaluate", arguments=(_pointer, _text, _pointer, ctypes.c_int, _pointer))
_declare(_pointer, "batch_evaluate", arguments=(_pointer, _pointer, ctypes.c_size_t, _pointer))
_declare(_pointer, "batch_at", arguments=(_pointer, ctypes.c_size_t))


class Context:
    """What is known about the subject; any value that JSON has."""

    def __init__(self, **attributes):
        self.pointer = _lib.pennon_context_new(None)
        for name, value in attributes.items():
            _lib.pennon_context_set_json(self.pointer, name.encode(), json.dumps(value).encode())

    def __del__(self):
        _lib.pennon_context_free(self.pointer)


class Client:
    """Safe to use from any thread. Calls never raise on evaluation: they give the default."""

    def __init__(self, **options):
        given = {name: value.encode() if isinstance(value, str) else value for name, value in options.items()}
        self.pointer = _lib.pennon_open(Options(size=ctypes.sizeof(Options), **given))

    def close(self):
        _lib.pennon_close(self.pointer)
        self.pointer = None

    def wait_ready(self, seconds):
        return _lib.pennon_wait_ready(self.pointer, int(seconds * 1000))

    @property
    def way(self):
        """"mapped", "frames" or "embedded"."""
        return _lib.pennon_way(self.pointer).decode()

    def is_on(self, key, context, default=False):
        return _lib.pennon_bool(self.pointer, key.encode(), context.pointer, default)

    def get(self, key, default, **attributes):
        return self.detail(key, default, **attributes)["value"]

    def detail(self, key, default, **attributes):
        context, detail = Context(**attributes), _lib.pennon_detail_new()
        try:
            kind = _TYPES.get(type(default), 4)
            has = _lib.pennon_evaluate(self.pointer, key.encode(), context.pointer, kind, detail)
            return {"value": self._value(detail, kind) if has else default, **self._about(detail)}
        finally:
            _lib.pennon_detail_free(detail)

    def all(self, **attributes):
        context = Context(**attributes)
        batch = _lib.pennon_batch_evaluate(self.pointer, None, 0, context.pointer)
        try:
            details = [_lib.pennon_batch_at(batch, i) for i in range(_lib.pennon_batch_size(batch))]
            return {_lib.pennon_detail_key(one).decode(): {"value": self._value(one, 4), **self._about(one)}
                    for one in details}
        finally:
            _lib.pennon_batch_free(batch)

    @staticmethod
    def _value(detail, kind):
        if kind == 0: return _lib.pennon_detail_bool(detail)
        if kind == 2: return _lib.pennon_detail_int(detail)
        if kind == 3: return _lib.pennon_detail_double(detail)
        size = ctypes.c_size_t()
        begin = _lib.pennon_detail_text(detail, ctypes.byref(size))
        text = ctypes.string_at(begin, size.value).decode()
        return text if kind == 1 else json.loads(text)

    @staticmethod
    def _about(detail):
        return {"variant": _lib.pennon_detail_variant(detail).decode(),
                "reason": REASONS[_lib.pennon_detail_reason(detail)],
                "errorCode": ERRORS[_lib.pennon_detail_error(detail)],
                "message": _lib.pennon_detail_message(detail).decode(),
                "source": SOURCES[_lib.pennon_detail_source(detail)],
                "epoch": _lib.pennon_detail_epoch(detail), "revision": _lib.pennon_detail_revision(detail),
                "ageMs": _lib.pennon_detail_age_ms(detail), "stale": _lib.pennon_detail_stale(detail)}


if __name__ == "__main__":
    flags = Client()
    flags.wait_ready(1)
    print("answers are", flags.way)
    for flag, answer in flags.all(targetingKey="user-7", country="NO").items():
        print(f"{flag}: {answer['value']} ({answer['reason']})")
