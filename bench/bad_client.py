#!/usr/bin/env python3
"""Waits of an even load on a daemon while another client misbehaves, beside the same load alone, in turns. The daemon has
one worker and one processor; the load and the bad client share the other. Prints figures as lines of JSON.
usage: bad_client.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import contextlib
import json
import os
import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading

from daemon import Daemon
from figure import figure, rounds
from flag_set import flag_set_text

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(7)
SECONDS = 2  # of a window
FLAGS = 10_000
RATE = 5_000
CONNECTIONS = 16
AT_MOST = 2
PAUSE = 0.01  # between two of a bad client's acts: what it computes itself must not disturb the load
HALF_REQUESTS = 100
PROCESSORS = sorted(os.sched_getaffinity(0))
DAEMON_ON, LOAD_ON = PROCESSORS[0], PROCESSORS[-1]

MAGIC, HELLO, BATCH = 0xF5, 1, 3


def frame(kind, payload):
    return struct.pack("<BBHII", MAGIC, kind, 0, 1, len(payload)) + payload


GREETING = frame(HELLO, struct.pack("<HHH", 1, 0, 0))  # version, environment, client
ALL_FLAGS = frame(BATCH, struct.pack("<HH", 0, 0))  # no keys, no attributes


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(path)
    return client


def never_reads(path, ended):
    """Asks for all flags again and again, as far as the daemon takes it, and from the beginning when it is closed."""
    while not ended.is_set():
        with connect(path) as client:
            client.sendall(GREETING)
            client.setblocking(False)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while not ended.wait(PAUSE):
                    with contextlib.suppress(BlockingIOError):
                        client.send(ALL_FLAGS)


def half_requests(path, ended):
    """Begins a request on each of many connections and opens new ones in their place."""
    while not ended.is_set():
        with contextlib.ExitStack() as clients:
            for _ in range(HALF_REQUESTS):
                clients.enter_context(connect(path)).sendall(GREETING + ALL_FLAGS[:-1])
                if ended.wait(PAUSE):
                    break


def garbage(path, ended):
    while not ended.wait(PAUSE):
        with connect(path) as client, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(b"\0" * 4096)
            client.recv(4096)


def main():
    kinds = {"never reads": never_reads, "leaves its requests half": half_requests, "sends garbage": garbage}
    waits = {kind: [] for kind in kinds}  # (alone, beside it) of each round
    with tempfile.TemporaryDirectory(prefix="pennon-bench-") as name:
        directory = pathlib.Path(name)
        flags = directory / "flags.json"
        flags.write_bytes(flag_set_text(BENCH, FLAGS))
        daemon = Daemon(BIN, directory, "--cache-path", "", "--upstream-kind", "file", "--upstream-file", flags)
        for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {DAEMON_ON})
        os.sched_setaffinity(0, {LOAD_ON})
        load = subprocess.Popen([BENCH / "paced_load", daemon.socket, str(FLAGS), str(RATE), str(CONNECTIONS)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def window():
            print(SECONDS, file=load.stdin, flush=True)
            return json.loads(load.stdout.readline())["p99"]

        try:
            for _ in range(ROUNDS):
                for kind, act in kinds.items():
                    alone, ended = window(), threading.Event()
                    bad = threading.Thread(target=act, args=(daemon.socket, ended))
                    bad.start()
                    waits[kind].append((alone, window()))
                    ended.set()
                    bad.join()
        finally:
            load.stdin.close()
            load.wait()
            daemon.stop()
    for kind, pairs in waits.items():
        alone, beside = zip(*pairs)
        figure(f"one client {kind}: what others wait, p99", "ns", statistics.median(beside), AT_MOST,
               floor=statistics.median(alone), ratio=statistics.median(b / a for a, b in pairs))


if __name__ == "__main__":
    main()
