#!/usr/bin/env python3
"""The store under many flags and many daemons. 2,000 flags in 10 environments: a page against one flag, a save
against one flag and a durable commit. Ten thousand daemons on the stream, and one flag is changed: how long until the
last is told, what a subscriber costs in memory, what a commit costs beside them. Prints figures as lines of JSON.
"""
import http.client
import json
import os
import pathlib
import resource
import select
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

BIN = pathlib.Path(sys.argv[1])
SUBSCRIBERS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
ROUNDS = 5
FLAGS = 2_000
ENVIRONMENTS = 10
FLAG = "/api/v1/environments/production/flags/banner"


def figure(name, unit, value, at_most=None, **more):
    """`at_most` is for the ratio where there is one, else for the value."""
    held = {} if at_most is None else {"atMost": at_most}
    passes = at_most is None or more.get("ratio", value) <= at_most
    print(json.dumps({"name": name, "unit": unit, "value": value, **more, **held, "pass": passes}), flush=True)


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


class Store:
    def __init__(self, directory):
        database = os.path.join(directory, "store.db")
        run = [BIN / "pennon-store", "--database", database]
        subprocess.run([*run, "init", "--token-file", directory + "/token"], check=True, capture_output=True)
        subprocess.run([*run, "import", pathlib.Path(__file__).parents[1] / "config" / "example-flags.json",
                        "--sync-key-file", directory + "/key"], check=True, capture_output=True)
        self.token, self.key = (open(f"{directory}/{name}").read().strip() for name in ("token", "key"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([*run, "serve", "--listen-port", str(self.port), "--log-level", "off",
                                         "--limits-api-rate", "0",
                                         "--limits-connections", str(SUBSCRIBERS + 100)])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while True:
            try:
                self.connection.request("GET", "/readyz")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                time.sleep(0.01)

    def end(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, method, path, body=None):
        """Seconds from request to answer."""
        begin = time.perf_counter()
        self.connection.request(method, path, body=body and json.dumps(body),
                                headers={"Authorization": "Bearer " + self.token, "If-Match": "*"})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201), text
        return time.perf_counter() - begin

    def change(self, number):
        return self.ask("PATCH", FLAG, {"rules": [], "salt": str(number)})


class Subscribers:
    def __init__(self, store, count):
        self.epoll = select.epoll()
        self.sockets = {}
        request = (f"GET /sync/v1/stream HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {store.key}\r\n\r\n").encode()
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", store.port))
            one.sendall(request)
            self.sockets[one.fileno()] = one
            self.epoll.register(one, select.EPOLLIN)
        self.wait(b"event: changed")

    def close(self):
        for one in self.sockets.values():
            one.close()

    def wait(self, what):
        """Returns when every subscriber has received `what`."""
        missing = dict.fromkeys(self.sockets, b"")
        while missing:
            for fd, _ in self.epoll.poll(60):
                received = missing.get(fd, b"") + self.sockets[fd].recv(65536)
                if what in received:
                    missing.pop(fd, None)
                else:
                    missing[fd] = received


def median_millis(measure, rounds=50):
    return statistics.median(measure(number) for number in range(rounds)) * 1000


def durable_commit(directory):
    """Milliseconds of one row committed as the store does it."""
    database = sqlite3.connect(os.path.join(directory, "floor.db"), isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (text TEXT)")

    def commit(_):
        begin = time.perf_counter()
        database.execute("INSERT INTO t VALUES (?)", ("x" * 1000,))
        return time.perf_counter() - begin
    return median_millis(commit)


def many_flags():
    with tempfile.TemporaryDirectory() as directory:
        store = Store(directory)
        try:
            measure_many_flags(store, directory)
        finally:
            store.end()


def measure_many_flags(store, directory):
    for number in range(1, ENVIRONMENTS):
        store.ask("POST", "/api/v1/environments", {"key": f"environment-{number}"})
    flags = {f"flag-{number:05}": {"type": "boolean", "owner": f"team-{number % 20}", "tags": [f"t{number % 7}"],
                                   "variants": [{"key": "on", "value": True}, {"key": "off", "value": False}],
                                   "default": {"variant": "off"}} for number in range(FLAGS)}
    store.ask("POST", "/api/v1/environments/production/import", {"environment": "production", "flags": flags})
    name = f"store, {FLAGS} flags in {ENVIRONMENTS} environments, "
    one = median_millis(lambda number: store.ask("GET", f"/api/v1/flags/flag-{number:05}"))
    for what, query in (("a page", "limit=50"), ("a page of the middle", "limit=50&after=flag-01000"),
                        ("a search", "limit=50&q=team-7")):
        value = median_millis(lambda _, query=query: store.ask("GET", "/api/v1/flags?" + query))
        figure(name + what, "ms", value, 20, floor=one, ratio=value / one)
    floor = one + durable_commit(directory)
    save = median_millis(lambda number: store.ask(
        "PATCH", f"/api/v1/environments/production/flags/flag-{number:05}", {"enabled": False}))
    figure(name + "a save", "ms", save, 5, floor=floor, ratio=save / floor)


def many_streams():
    with tempfile.TemporaryDirectory() as directory:
        store = Store(directory)
        try:
            alone = [store.change(number) for number in range(50)]
            before = resident(store.process.pid)
            subscribers = Subscribers(store, SUBSCRIBERS)
            name = f"store, {SUBSCRIBERS} streams, "
            figure(name + "memory of one", "bytes", (resident(store.process.pid) - before) / SUBSCRIBERS, 32768)
            told, beside = [], []
            for number in range(ROUNDS):
                begin = time.perf_counter()
                beside.append(store.change(1000 + number))
                subscribers.wait(b"event: delta")
                told.append((time.perf_counter() - begin) * 1000)
            figure(name + "all are told", "ms", statistics.median(told), 1000)
            floor = statistics.median(alone) * 1000
            value = statistics.median(beside) * 1000
            figure(name + "a commit", "ms", value, floor=floor, ratio=value / floor)
            subscribers.close()
        finally:
            store.end()


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    many_flags()
    many_streams()


main()
