#!/usr/bin/env python3
"""What 10,000 idle connections cost a daemon: its own memory with them, each having asked once, less that of before, by
connection, of the Unix socket. Prints figures as lines of JSON.
usage: connections.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import pathlib
import resource
import shutil
import socket
import sys
import tempfile

from daemon import Daemon
from flag_set import flag_set_text

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from frame_client import FrameClient  # noqa: E402

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
CONNECTIONS = 10_000
FLAGS = 100
AT_MOST_KIB = 8
CONTEXT = {"targetingKey": "user-7", "country": "NO", "plan": "team", "version": 51, "email": "user-7@example.org"}


def greeted(daemon):
    client = FrameClient(daemon.socket, timeout=60)
    client.hello("bench")
    return client


def one_flag(daemon, key):
    client = greeted(daemon)
    if "errorCode" in client.evaluate(key, CONTEXT):
        sys.exit("wrong answers")
    return client.socket


def all_flags(daemon, _):
    client = greeted(daemon)
    if len(client.batch([], CONTEXT)["evaluations"]) != FLAGS:
        sys.exit("wrong answers")
    return client.socket


def http(daemon, key):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(daemon.socket)
    body = json.dumps({"context": CONTEXT}).encode()
    connection.sendall(f"POST /ofrep/v1/evaluate/flags/{key} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    if not connection.recv(65536).startswith(b"HTTP/1.1 200"):
        sys.exit("wrong answers")
    return connection


def measure(directory, flags, connect):
    daemon = Daemon(BIN, directory, "--bootstrap-file", flags, "--cache-path", "", "--limits-connections", 2 * CONNECTIONS,
                    "--limits-connections-per-user", 2 * CONNECTIONS)
    key = next(iter(json.loads(flags.read_text())["flags"]))
    held = []
    try:
        for _ in range(10):
            connect(daemon, key).close()  # what the first ones bring about is no connection's
        before = daemon.kib("RssAnon")
        held = [connect(daemon, key) for _ in range(CONNECTIONS)]
        return (daemon.kib("RssAnon") - before) / CONNECTIONS
    finally:
        for connection in held:
            connection.close()
        daemon.stop()


def main():
    wanted = CONNECTIONS + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    flags = directory / "flags.json"
    flags.write_bytes(flag_set_text(BENCH, FLAGS))
    try:
        for name, connect in (("asked for a flag", one_flag), (f"asked for {FLAGS} flags", all_flags), ("asked over HTTP", http)):
            kib = measure(directory, flags, connect)
            print(json.dumps({"name": f"memory of each of {CONNECTIONS:,} idle connections that {name}", "unit": "KiB",
                              "value": kib, "atMost": AT_MOST_KIB, "pass": kib <= AT_MOST_KIB}), flush=True)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
