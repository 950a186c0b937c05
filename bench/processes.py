#!/usr/bin/env python3
"""50 processes that have mapped a daemon's 10,000 flags: what they hold together, and how soon all of them answer with
a new revision, from the first byte of the upstream's event on. The next revision is published when all have answered
and the daemon would not tell it together with the one before.
Prints figures as lines of JSON. usage: processes.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import hashlib
import json
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import time

from daemon import Daemon

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from sync_server import SyncServer  # noqa: E402

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
PROCESSES = 50
FLAGS = 10_000
REVISIONS = 200
APART = 0.12  # seconds; it tells changes of a tenth of a second as one
OWN_KIB = 256
MILLIS = 20


class Upstream:
    """Serves the flags of MakeFlagSet; each revision after the first turns the flag `key` on or off."""

    def __init__(self, directory):
        text = subprocess.run([BENCH / "flag_set_text", str(FLAGS)], check=True, stdout=subprocess.PIPE).stdout
        flags = json.loads(text)["flags"]
        self.key, self.flag = next(iter(flags.items()))
        self.revision = 1
        self.digests = {key: hashlib.sha256(line).hexdigest() for key, line in SyncServer.lines(flags)}
        self.server = SyncServer(directory)
        self.server.current = (200, SyncServer.document(1, flags, "bench"), '"1"')
        self.events = queue.Queue()
        self.server.streams = self.stream

    def stream(self, _, write):
        while (event := self.events.get()) is not None:
            write(event)

    def publish(self):
        """The clock's nanoseconds when it was written."""
        self.revision += 1
        self.flag["enabled"] = self.revision % 2 == 1
        (_, line), = SyncServer.lines({self.key: self.flag})
        self.digests[self.key] = hashlib.sha256(line).hexdigest()
        whole = hashlib.sha256("".join(f"flag {key} {digest}\n" for key, digest in self.digests.items()).encode())
        head = {"pennon": 1, "environment": "bench", "epoch": 1, "revision": self.revision, "since": self.revision - 1,
                "deleted": 0, "flags": 1, "segments": 0, "digest": whole.hexdigest()}
        event = f"event: delta\nid: 1.{self.revision}\ndata: {json.dumps(head)}\ndata: {line.decode()}\n\n"
        began = time.monotonic_ns()
        self.events.put(event)
        return began

    def stop(self):
        self.events.put(None)
        self.server.stop()


class Follower:
    def __init__(self, socket, key):
        self.process = subprocess.Popen([BENCH / "follower", socket, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def wait_ready(self):
        if self.process.stdout.readline() != "ready\n":
            sys.exit("a follower does not become ready")

    def answered(self, revision):
        """When it answered with this revision first; it may be told of one that it had from the beginning."""
        found = 0
        while found < revision:
            found, nanos = map(int, self.process.stdout.readline().split())
        return nanos

    def kib(self):
        """Its share of what is in memory, and the size of its image."""
        memory = pathlib.Path(f"/proc/{self.process.pid}")
        share = int(re.search(r"^Pss:\s+(\d+) kB", (memory / "smaps_rollup").read_text(), re.M)[1])
        begin, end = re.search(r"^(\w+)-(\w+) .*pennon-image", (memory / "maps").read_text(), re.M).groups()
        return share, (int(end, 16) - int(begin, 16)) / 1024

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def report(name, unit, value, at_most, **more):
    print(json.dumps({"name": name, "unit": unit, "value": value, "atMost": at_most, "pass": value <= at_most, **more}),
          flush=True)


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    upstream = Upstream(directory)
    daemon = Daemon(BIN, directory, "--upstream-url", upstream.server.url, "--upstream-key-file", upstream.server.key_file,
                    "--upstream-poll-interval", "30m", "--upstream-stale-after", "1h", "--cache-path", directory / "cache.db")
    followers = [Follower(daemon.socket, upstream.key) for _ in range(PROCESSES)]
    try:
        for follower in followers:
            follower.wait_ready()
        while not upstream.server.streams_asked:
            time.sleep(0.01)
        found = [follower.kib() for follower in followers]
        own = (sum(share for share, _ in found) - found[0][1]) / PROCESSES
        report(f"{PROCESSES} processes: memory of each beside one image", "KiB", own, OWN_KIB)
        all_answered = []
        for _ in range(REVISIONS):
            time.sleep(APART)
            began = upstream.publish()
            all_answered.append(max(follower.answered(upstream.revision) for follower in followers) - began)
        all_answered.sort()
        report(f"{PROCESSES} processes: a new revision answers in all, p99", "ms",
               all_answered[int(REVISIONS * 0.99)] / 1e6, MILLIS)
        print(json.dumps({"name": f"{PROCESSES} processes: a new revision answers in all, p50", "unit": "ms",
                          "value": all_answered[REVISIONS // 2] / 1e6, "pass": True}))
    finally:
        for follower in followers:
            follower.stop()
        daemon.stop()
        upstream.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
