"""The engine as a process: a request is a line of JSON, and so is its reply."""
import json
import subprocess


class Engine:
    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, encoding="utf-8")
        self._id = 0

    def ask(self, op, **request):
        self._id += 1
        self._process.stdin.write(json.dumps({"id": self._id, "op": op, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"the engine ended with {self._process.wait()} at request {request}")
        reply = json.loads(line)
        if reply.pop("id", None) != self._id:
            raise ValueError(f"the reply is to another request: {line}")
        return reply

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def same(a, b):
    """Equality of JSON: true is not 1, but 1 is 1.0."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b
