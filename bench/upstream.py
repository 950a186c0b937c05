"""An upstream for benchmarks: what it has, and how a daemon follows it."""
import hashlib
import json
import pathlib
import queue
import sys
import time

from flag_set import flag_set_text

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from sync_server import SyncServer  # noqa: E402


class Upstream:
    """Serves the first `count` flags of MakeFlagSet; each revision after the first turns the flag `key` on or off.
    `options` are those of a daemon that follows it and keeps what it gets in a cache in the folder `directory`.
    """

    def __init__(self, benchmarks, directory, count):
        flags = json.loads(flag_set_text(benchmarks, count))["flags"]
        self.key, self.flag = next(iter(flags.items()))
        self.flag["offVariant"] = "no"  # its answer is as long when it is off
        self.revision = 1
        self.digests = {key: hashlib.sha256(line).hexdigest() for key, line in SyncServer.lines(flags)}
        self.server = SyncServer(directory)
        self.server.current = (200, SyncServer.document(1, flags, "bench"), '"1"')
        self.events = queue.Queue()
        self.server.streams = self.stream
        self.options = ("--upstream-url", self.server.url, "--upstream-key-file", self.server.key_file, "--upstream-poll-interval",
                        "30m", "--upstream-stale-after", "1h", "--cache-path", directory / "cache.db")

    def stream(self, _, write):
        while (event := self.events.get()) is not None:
            write(event)

    def next_event(self):
        """That tells of the next revision."""
        self.revision += 1
        self.flag["enabled"] = self.revision % 2 == 1
        (_, line), = SyncServer.lines({self.key: self.flag})
        self.digests[self.key] = hashlib.sha256(line).hexdigest()
        whole = hashlib.sha256("".join(f"flag {key} {digest}\n" for key, digest in self.digests.items()).encode())
        head = {"pennon": 1, "environment": "bench", "epoch": 1, "revision": self.revision, "since": self.revision - 1,
                "deleted": 0, "flags": 1, "segments": 0, "digest": whole.hexdigest()}
        return f"event: delta\nid: 1.{self.revision}\ndata: {json.dumps(head)}\ndata: {line.decode()}\n\n"

    def publish(self):
        """The monotonic clock's nanoseconds when it was written."""
        event = self.next_event()
        began = time.monotonic_ns()
        self.events.put(event)
        return began

    def stop(self):
        self.events.put(None)
        self.server.stop()
