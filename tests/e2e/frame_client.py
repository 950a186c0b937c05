"""A client of frames v1, written from docs/protocol.md alone.

frame_client.py SOCKET ENVIRONMENT FLAG [name=value …] prints the flag's answer as JSON.
"""
import io, json, socket, struct, sys

HELLO, EVALUATE, BATCH, PING, STATUS, SUBSCRIBE, REPORT, ORDER, ERROR = 1, 2, 3, 4, 5, 7, 8, 9, 0xFF
REASONS = "ERROR STATIC DEFAULT TARGETING_MATCH SPLIT DISABLED".split() + ["DEFAULT"] * 250
ERRORS = (" FLAG_NOT_FOUND PARSE_ERROR TARGETING_KEY_MISSING INVALID_CONTEXT TYPE_MISMATCH "
          "PROVIDER_NOT_READY GENERAL").split(" ") + ["GENERAL"] * 248
SOURCES = "live cache bootstrap default".split() + ["default"] * 252

class FrameError(Exception):
    """(code, message) of an error frame; code 0 for an answer that is not understood."""

def text(form, value):
    return struct.pack("<" + form, len(value.encode())) + value.encode()

def attributes(form, members):
    return struct.pack("<" + form, len(members)) + b"".join(text("H", k) + value(v) for k, v in members.items())

def value(v):
    if v is None or isinstance(v, bool): return bytes([0 if v is None else 2 if v else 1])
    if isinstance(v, int): return struct.pack("<Bq", 3, v)
    if isinstance(v, float): return struct.pack("<Bd", 4, v)
    if isinstance(v, str): return b"\5" + text("I", v)
    if isinstance(v, list): return struct.pack("<BI", 6, len(v)) + b"".join(map(value, v))
    return b"\7" + attributes("I", v)

class Reader(io.BytesIO):
    def get(self, form): return struct.unpack("<" + form, self.read(struct.calcsize("<" + form)))
    def text(self, form): return self.read(*self.get(form)).decode()

    def entry(self, named, with_metadata):
        one = {"key": self.text("H")} if named else {}
        reason, error, source, kind = self.get("BBBB")
        if kind not in (0, 1, 2, 3, 4, 5, 8): raise FrameError(0, f"a value of the unknown kind {kind}")
        if kind in (1, 2): one["value"] = kind == 2
        if kind in (3, 4): one["value"] = self.get("q" if kind == 3 else "d")[0]
        if kind in (5, 8): one["value"] = self.text("I") if kind == 5 else json.loads(self.text("I"))
        one |= {"variant": self.text("H"), "reason": REASONS[reason], "source": SOURCES[source]}
        if error: one |= {"errorCode": ERRORS[error], "errorDetails": self.text("H")}
        return one | {"metadata": json.loads(self.text("I"))} if with_metadata else one

class FrameClient:
    """One connection, for one thread. After an OSError make another; a FrameError may leave it open."""
    def __init__(self, path, timeout=5.0):
        self.socket, self.id = socket.socket(socket.AF_UNIX), 0
        self.socket.settimeout(timeout)
        try: self.socket.connect(path)
        except OSError: self.close(); raise

    def close(self): self.socket.close()

    def exchange(self, kind, payload, flags=0):
        self.id += 1
        self.socket.sendall(struct.pack("<BBHII", 0xF5, kind, flags, self.id, len(payload)) + payload)
        return self.answer(kind)

    def answer(self, kind):
        magic, answer, answer_flags, answer_id, size = struct.unpack("<BBHII", self.receive(12))
        if magic != 0xF5 or answer_id != self.id or answer not in (kind | 0x80, ERROR) or size > 1 << 28:
            self.close()
            raise FrameError(0, "not the answer that was expected")
        body = Reader(self.receive(size))
        if answer == ERROR: raise FrameError(*body.get("H"), body.text("H"))
        return body, answer_flags & 1

    def receive(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece: raise ConnectionResetError("the server closed the connection")
            data += piece
        return data

    def hello(self, environment="", name="frame_client.py"):
        body, _ = self.exchange(HELLO, struct.pack("<H", 1) + text("H", environment) + text("H", name))
        return {"version": body.get("H")[0], "environment": body.text("H"), "server": body.text("H")}

    def evaluate(self, key, context, metadata=True):
        answer = self.answers(EVALUATE, text("H", key) + attributes("H", context), metadata)
        return answer | answer.pop("evaluations")[0]

    def batch(self, keys, context, metadata=True):
        named = struct.pack("<H", len(keys)) + b"".join(text("H", key) for key in keys)
        return self.answers(BATCH, named + attributes("H", context), metadata)

    def answers(self, kind, payload, metadata):
        body, with_metadata = self.exchange(kind, payload, int(metadata))
        epoch, revision, age, source, state, count = body.get("QQQBBI")
        return {"epoch": epoch, "revision": revision, "ageMs": age, "source": SOURCES[source], "stale": bool(state & 1),
                "evaluations": [body.entry(kind == BATCH, with_metadata) for _ in range(count)]}

    def ping(self, payload=b""): return self.exchange(PING, payload)[0].read()
    def report(self, counts):
        """{(key, variant, reason): count}"""
        entries = [text("H", key) + text("H", variant) + struct.pack("<BQ", REASONS.index(reason), count)
                   for (key, variant, reason), count in counts.items()]
        self.exchange(REPORT, struct.pack("<I", len(entries)) + b"".join(entries))

    def order(self, verb, argument="", environment=""):
        return json.loads(self.exchange(ORDER, text("H", verb) + text("H", environment) + text("H", argument))[0].text("I"))

    def subscribe(self, version=""):
        """What is so now, and then each change; the connection is for nothing else from here on."""
        yield self.changed(self.exchange(SUBSCRIBE, text("H", version))[0])
        while True:
            yield self.changed(self.answer(SUBSCRIBE)[0])

    @staticmethod
    def changed(body):
        epoch, revision, source, scope = body.get("QQBB")
        version, count = body.text("H"), body.get("I")[0]
        return {"epoch": epoch, "revision": revision, "source": SOURCES[source], "version": version,
                "scope": ("none", "keys")[scope] if scope < 2 else "all", "keys": [body.text("H") for _ in range(count)]}

    def status(self): return json.loads(self.exchange(STATUS, b"")[0].text("I"))

def attribute(argument):
    name, _, given = argument.partition("=")
    try: return name, json.loads(given)
    except ValueError: return name, given

if __name__ == "__main__":
    client = FrameClient(sys.argv[1])
    client.hello(sys.argv[2])
    print(json.dumps(client.evaluate(sys.argv[3], dict(map(attribute, sys.argv[4:]))), ensure_ascii=False))
