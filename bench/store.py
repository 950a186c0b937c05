#!/usr/bin/env python3
"""The store under many flags and many daemons. 2,000 flags in 10 environments: a page against one flag, a save
against one flag and a durable commit. Ten thousand daemons on the stream, and one flag is changed: how long until the
last is told, what a subscriber costs in memory, what a commit costs beside them. Prints figures as lines of JSON.
"""
import pathlib
import resource
import select
import socket
import statistics
import sys
import tempfile
import time

from figure import figure, median_millis, rounds
from store_process import DurableCommit, Store

BIN = pathlib.Path(sys.argv[1])
SUBSCRIBERS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
ROUNDS = rounds(5)
FLAGS = 2_000
ENVIRONMENTS = 10
FLAG = "/api/v1/environments/production/flags/banner"


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def change(store, number):
    return store.ask("PATCH", FLAG, {"rules": [], "salt": str(number)})


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


def many_flags():
    with tempfile.TemporaryDirectory() as directory:
        store = Store(BIN, directory, arguments=["--limits-connections", str(SUBSCRIBERS + 100)])
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
    floor = one + median_millis(DurableCommit(directory).seconds)
    save = median_millis(lambda number: store.ask(
        "PATCH", f"/api/v1/environments/production/flags/flag-{number:05}", {"enabled": False}))
    figure(name + "a save", "ms", save, 5, floor=floor, ratio=save / floor)


def many_streams():
    with tempfile.TemporaryDirectory() as directory:
        store = Store(BIN, directory, arguments=["--limits-connections", str(SUBSCRIBERS + 100)])
        try:
            alone = [change(store, number) for number in range(50)]
            before = resident(store.process.pid)
            subscribers = Subscribers(store, SUBSCRIBERS)
            name = f"store, {SUBSCRIBERS} streams, "
            figure(name + "memory of one", "bytes", (resident(store.process.pid) - before) / SUBSCRIBERS, 32768)
            told, beside = [], []
            for number in range(ROUNDS):
                begin = time.perf_counter()
                beside.append(change(store, 1000 + number))
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
