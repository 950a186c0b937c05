#!/usr/bin/env python3
"""What following a store of 10,000 flags moves: bytes of TCP's payload in both directions, counted between daemon and
store. A change of one flag, told by the stream: until it is answered, and with the report that it is in force. The same
by polling, and a poll that finds nothing new. Prints figures as lines of JSON.
usage: sync.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import pathlib
import statistics
import sys
import tempfile
import time

from daemon import Daemon
from figure import figure
from propagation import BIN, Change, flags_file
from store_process import Store

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
sys.path += [str(TESTS / "support"), str(TESTS / "e2e")]
from fault_proxy import FaultProxy  # noqa: E402

FLAGS = 10_000
CHANGES = 5
POLLS = 10
CHANGE_BYTES = 2048
POLL_BYTES = 300
QUIET = 3  # seconds; a change is reported within 2


class Followed:
    """A daemon with the flags of `store`, and what goes between them counted."""

    def __init__(self, directory, store, *arguments):
        self.proxy = FaultProxy(store.port)
        self.daemon = Daemon(BIN, directory, "--upstream-url", f"http://127.0.0.1:{self.proxy.port}", "--upstream-key-file",
                             store.key_file, "--cache-path", "", *arguments)
        self.change = Change(store, self.daemon)

    def stop(self):
        self.change.stop()
        self.daemon.stop()
        self.proxy.refuse()

    def wait_quiet(self):
        """Bytes carried when nothing has been for a while."""
        carried, since = self.proxy.carried, time.monotonic()
        while time.monotonic() < since + QUIET:
            time.sleep(0.02)
            if self.proxy.carried != carried:
                carried, since = self.proxy.carried, time.monotonic()
        return carried

    def poll_bytes(self):
        """Of the next poll."""
        before = self.proxy.carried
        while self.proxy.carried == before:
            time.sleep(0.01)
        time.sleep(0.1)  # until the answer has passed, too
        return self.proxy.carried - before


def streamed(directory, store):
    followed = Followed(directory, store)
    try:
        before = followed.wait_quiet()
        told, reported = [], []
        for _ in range(CHANGES):
            followed.change.millis()
            told.append(followed.proxy.carried - before)
            after = followed.wait_quiet()
            reported.append(after - before)
            before = after
    finally:
        followed.stop()
    name = f"sync, {FLAGS:,} flags, a change of one on the stream"
    figure(name, "bytes", statistics.median(told), CHANGE_BYTES)
    figure(name + ", and its report", "bytes", statistics.median(reported), CHANGE_BYTES)


def polled(directory, store):
    followed = Followed(directory, store, "--upstream-stream", "false", "--upstream-poll-interval", "500ms",
                        "--report-enabled", "false")
    try:
        followed.poll_bytes()  # of which the first half may have been before
        idle = [followed.poll_bytes() for _ in range(POLLS)]
        changed = []
        for _ in range(CHANGES):
            before = followed.proxy.carried
            followed.change.millis()
            changed.append(followed.proxy.carried - before)
            followed.poll_bytes()
    finally:
        followed.stop()
    figure(f"sync, {FLAGS:,} flags, a poll that finds nothing", "bytes", statistics.median(idle), POLL_BYTES)
    figure(f"sync, {FLAGS:,} flags, a poll that finds a change of one", "bytes", statistics.median(changed), CHANGE_BYTES)


def main():
    with tempfile.TemporaryDirectory(prefix="pennon-bench-") as directory:
        store = Store(BIN, directory, flags_file(directory, FLAGS))
        try:
            streamed(directory, store)
            polled(directory, store)
        finally:
            store.end()


if __name__ == "__main__":
    main()
