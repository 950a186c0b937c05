"""What the rows of the fault catalogue have in common.

A row is a test method whose name begins with its id (`test_N05_…`); several methods may be of one row. Real
processes, no luck: a row waits for what must become so, and only the absence of something is shown by
waiting for other things to happen meanwhile.
"""
import contextlib
import functools
import itertools
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import statistics
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "support")]

from failing_calls import LIBRARY, FailingCalls  # noqa: E402
from frame_client import FrameClient, FrameError  # noqa: E402
from harness import BIN, Daemon, EndToEndTest, Program, Store, UnixHttpConnection, eventually, free_port, open_bug, request  # noqa: E402
from libpennon import IS_SANITIZED, SANITIZERS  # noqa: E402
from raw_upstream import GONE, RawUpstream, answer, head, reset, shut  # noqa: E402
from sync_server import SyncServer  # noqa: E402

POLL = ["--upstream-stream", "false"]  # a daemon's arguments
EXAMPLE = str(ROOT / "config" / "example-flags.json")
QUICK = "PENNON_FAULTS_QUICK" in os.environ


def count(name, default):
    """How often something is tried: PENNON_FAULTS_<NAME>, or the default."""
    return int(os.environ.get("PENNON_FAULTS_" + name, default))


def slow(test):
    """A row that takes longer than some seconds; not in plain ./test."""
    @functools.wraps(test)
    def run(self):
        if QUICK:
            self.skipTest("not a quick row; ./test faults runs it")
        test(self)
    return run


def without_sanitizer(reason, name=""):
    """A row that a sanitizer, or the one named, would spoil by what it does itself."""
    def mark(test):
        @functools.wraps(test)
        def run(self):
            if IS_SANITIZED and name in SANITIZERS:
                self.skipTest("not with a sanitizer: " + reason)
            test(self)
        return run
    return mark


def flag(value):
    return {"type": "integer", "variants": [{"key": "v", "value": value}], "default": {"variant": "v"}}


def metric(daemon, name):
    found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", daemon.get("/metrics")[2].decode(), re.M)
    return float(found[1]) if found else None


def peak_memory(process):
    """The most memory a process has had, in bytes."""
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024


def open_descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def hold(*_):
    GONE.wait(60)


def drip(data, pause):
    def send(connection, _):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
    return send


def once(data, after=None):
    """A fault that sends these bytes and ends, by `after` or a clean close."""
    def send(connection, _):
        connection.sendall(data)
        if after:
            after(connection)
    return send


@contextlib.contextmanager
def environment(variables):
    kept = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class FaultTest(EndToEndTest):
    def upstream(self, **options):
        """A RawUpstream that serves revision 1: the flag `a` with the value 1."""
        upstream = RawUpstream(self.folder("upstream"), **options)
        self.addCleanup(upstream.close)
        upstream.publish(1, {"a": flag(1)})
        return upstream

    def second_address(self, port):
        """Another upstream, at 127.0.0.3, which has revision 2."""
        upstream = RawUpstream(self.folder("second"), host="127.0.0.3", port=port)
        self.addCleanup(upstream.close)
        upstream.publish(2, {"a": flag(2)})
        return upstream

    def live(self, upstream, arguments=(), name="daemon", revision=1):
        daemon = self.start_daemon(upstream, arguments, name)
        self.wait_revision(daemon, revision)
        return daemon

    def wait_revision(self, daemon, revision):
        eventually(lambda: daemon.environment()["revision"] == revision,
                   lambda: f"revision {revision} is in force: {daemon.environment()} {daemon.program.log[-2000:]}")

    def assert_serves(self, daemon, value=1, source=None):
        answered = daemon.flag("a")
        self.assertEqual(answered.get("value"), value, answered)
        if source is not None:
            self.assertEqual(answered["source"], source)

    @staticmethod
    def mishaps(daemon):
        return metric(daemon, 'pennon_sync_total{result="failed"}') + metric(daemon, 'pennon_sync_total{result="refused"}')

    def wait_mishaps(self, daemon, more):
        before = self.mishaps(daemon)
        eventually(lambda: self.mishaps(daemon) >= before + more,
                   lambda: f"{more} more fetches fail: {daemon.environment()} {daemon.program.log[-2000:]}")

    def heal(self, upstream, daemon, revision):
        upstream.fault = None
        upstream.publish(revision, {"a": flag(revision)})
        self.wait_revision(daemon, revision)
        self.assert_serves(daemon, revision)

    def ride_out(self, fault, error="", arguments=(), times=2, upstream=None, daemon=None):
        """Under the fault the old set serves and the reason is told; after it the new one arrives."""
        upstream = upstream or self.upstream()
        daemon = daemon or self.live(upstream, ["--upstream-stream", "false", *arguments])
        revision = daemon.environment()["revision"]
        upstream.fault = fault
        self.wait_mishaps(daemon, times)
        told = daemon.environment()
        self.assertEqual((told["revision"], told["state"]), (revision, "upstream-down"))
        self.assertTrue(told["lastError"])
        if error:
            self.assertRegex(told["lastError"], error)
        self.assert_serves(daemon, revision)
        self.assertEqual(daemon.get("/readyz")[0], 200)
        self.heal(upstream, daemon, revision + 1)
        return upstream, daemon

    def assert_pauses_differ(self, upstreams):
        """The daemons of these upstreams, which refuse from now on, come back after pauses of their own.

        Their --upstream-retry-max is 1s: from the fifth on the pauses are between 0.1 and 1 s. Of two daemons that draw the same numbers most
        differ by a millisecond or what a busy machine makes of it; that seven of thirteen independent ones are within 20 ms happens once in a million pairs.
        """
        arrivals = [[] for _ in upstreams]

        def refuse(times):
            return lambda connection, request_: times.append(request_.at) or connection.sendall(answer(503))
        for upstream, times in zip(upstreams, arrivals):
            upstream.fault = refuse(times)
        eventually(lambda: all(len(times) > 17 for times in arrivals), "all have come back often enough")
        pauses = [[later - earlier for earlier, later in zip(times[4:17], times[5:18])] for times in arrivals]
        for one, other in itertools.combinations(pauses, 2):
            self.assertGreater(statistics.median(abs(a - b) for a, b in zip(one, other)), 0.02, (one, other))

    def strace(self, *arguments):
        """What a command begins with to be run under strace, as the child that the test knows."""
        if not shutil.which("strace"):
            self.skipTest("there is no strace")
        return ["strace", "-D", "-f", "-qq", *arguments]

    def swallow(self, family, address, port):
        """Sockets that have the kernel drop what wants to connect there: one that listens, and what fills its queue."""
        full = socket.socket(family)
        self.addCleanup(full.close)
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind((address, port))
        full.listen(0)
        fillers = [socket.socket(family) for _ in range(4)]
        for filler in fillers:
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex((address, port))
        return [*fillers, full]

    def raw(self, daemon, timeout=30):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(timeout)
        self.addCleanup(client.close)
        client.connect(daemon.socket)
        return client

    def frames(self, daemon, timeout=30):
        client = FrameClient(daemon.socket, timeout)
        self.addCleanup(client.close)
        return client

    def failing_calls(self, part="cache.db"):
        if not LIBRARY.exists():
            self.skipTest(f"{LIBRARY} is not built")
        return FailingCalls(self.directory, part)

    def bootstrapped(self, arguments=(), name="daemon"):
        """A daemon without an upstream, with the example's flags."""
        return self.start_daemon(arguments=["--bootstrap-file", EXAMPLE, *arguments], name=name)

    def cached(self, revisions=1, arguments=()):
        """A daemon that has synced revisions 1 to `revisions`, was killed, and whose upstream is dead."""
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false", *arguments])
        self.wait_kept(daemon, 1)
        for revision in range(2, revisions + 1):
            upstream.publish(revision, {"a": flag(revision)})
            self.wait_revision(daemon, revision)
            self.wait_kept(daemon, revision)
        daemon.program.kill()
        upstream.close()
        return upstream, daemon

    def wait_kept(self, daemon, revision):
        """Until a restart would find this revision."""
        eventually(lambda: revision in self.kept(daemon), lambda: f"revision {revision} is kept: {self.kept(daemon)}")

    @staticmethod
    def kept(daemon):
        """The revisions that the cache has; on a connection of its own, of which a user has only so many."""
        client = FrameClient(daemon.socket, 30)
        try:
            client.hello()
            return [int(one["generation"].split(".")[1]) for one in client.order("generations")["generations"]]
        finally:
            client.close()

    def wait_written(self, daemon, times):
        eventually(lambda: metric(daemon, "pennon_cache_writes_total") >= times, "the cache is written")


def limit(process, what, value):
    """Changes a limit of a process that runs."""
    soft, hard = resource.prlimit(process.pid, what)
    resource.prlimit(process.pid, what, (value, hard))
    return soft


__all__ = [name for name in dir() if not name.startswith("_")]
