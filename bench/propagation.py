#!/usr/bin/env python3
"""How soon a change that the store takes is in the answers of a daemon on its stream, on this machine: from the first
byte of the request that changes one flag to the first changed answer of a caller who asks over the Unix socket without
a pause. The limit beside it, in turns: one durable commit of SQLite and one round trip of HTTP with the store. Its
answer is there a little earlier than the daemon's: from then on is shown, too. Prints figures as lines of JSON.
usage: propagation.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from daemon import Daemon
from figure import figure, rounds
from flag_set import flag_key, flag_set_text
from store_process import DurableCommit, Store

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
CHANGES = 7 * rounds(30)
WARM_UP = 10
APART = (0.15, 0.25)  # seconds: the set before is being kept by then, or was, and the processors have been idle
KEY = flag_key(1)
PLACE = f"/api/v1/environments/bench/flags/{KEY}"
BUDGETS = {1_000: (4, 20), 10_000: (8, 40)}  # p50, p99: times the limit


class Caller:
    """One connection; what a request costs is hardly more than writing and reading it."""

    def __init__(self, store):
        self.socket = socket.create_connection(("127.0.0.1", store.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.token = store.token

    def request(self, method, path, body=""):
        return (f"{method} {path} HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {self.token}\r\nIf-Match: *\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()

    def nanos(self, request):
        """Of the clock before the request and when its answer is there."""
        began = time.monotonic_ns()
        self.socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer.partition(b"\r\n\r\n")[2]) < self.length(answer):
            answer += self.socket.recv(65536)
        ended = time.monotonic_ns()
        if not answer.startswith(b"HTTP/1.1 200 "):
            sys.exit(f"the store answers {answer}")
        return began, ended

    @staticmethod
    def length(answer):
        return int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


class Change:
    """Turns one flag for everybody, again and again, while `daemon` is asked for it."""

    def __init__(self, store, daemon):
        self.caller = Caller(store)
        self.is_on = False
        self.caller.nanos(self.request({"rules": [], "default": {"split": None, "variant": "no"}}))
        time.sleep(1)  # until this is in the daemon, too
        self.watcher = subprocess.Popen([BENCH / "watch_answer", daemon.socket, KEY], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.watcher.stdout.readline() != "ready\n":
            sys.exit("the caller of the daemon has ended")

    def request(self, body):
        return self.caller.request("PATCH", PLACE, json.dumps(body))

    def millis(self):
        """From the request, and from the answer of the store, to the changed answer of the daemon."""
        self.is_on = not self.is_on
        began, ended = self.caller.nanos(self.request({"default": {"variant": "on" if self.is_on else "no"}}))
        changed = int(self.watcher.stdout.readline())
        return (changed - began) / 1e6, (changed - ended) / 1e6

    def stop(self):
        self.watcher.stdin.close()
        self.watcher.wait()


def flags_file(directory, count):
    path = pathlib.Path(directory) / "flags.json"
    path.write_bytes(flag_set_text(BENCH, count))
    return path


def percentile(values, percent):
    return sorted(values)[(len(values) - 1) * percent // 100]


def measure(flags, store, daemon, directory):
    change = Change(store, daemon)
    caller, commit = Caller(store), DurableCommit(directory)
    ready = caller.request("GET", "/readyz")
    whole, rest, floors = [], [], []
    try:
        for number in range(WARM_UP + CHANGES):
            time.sleep(random.uniform(*APART))
            from_request, from_answer = change.millis()
            time.sleep(random.uniform(*APART))  # or the limit alone would find all of it in the caches
            began, ended = caller.nanos(ready)
            if number >= WARM_UP:
                whole.append(from_request)
                rest.append(from_answer)
                floors.append(commit.seconds() * 1e3 + (ended - began) / 1e6)
    finally:
        change.stop()
    floor = statistics.median(floors)
    for percent, budget in zip((50, 99), BUDGETS[flags]):
        value = percentile(whole, percent)
        figure(f"propagation, {flags:,} flags, p{percent}", "ms", value, budget, floor=floor, ratio=value / floor)
        figure(f"propagation, {flags:,} flags, from the store's answer on, p{percent}", "ms", percentile(rest, percent))


def main():
    for flags in BUDGETS:
        with tempfile.TemporaryDirectory(prefix="pennon-bench-") as directory:
            store = Store(BIN, directory, flags_file(directory, flags))
            daemon = Daemon(BIN, directory, "--upstream-url", f"http://127.0.0.1:{store.port}", "--upstream-key-file",
                            store.key_file, "--cache-path", pathlib.Path(directory) / "cache.db")
            try:
                measure(flags, store, daemon, directory)
            finally:
                daemon.stop()
                store.end()


if __name__ == "__main__":
    main()
