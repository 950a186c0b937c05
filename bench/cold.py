#!/usr/bin/env python3
"""From exec to the first answer out of the cache while the upstream takes connections and says nothing: what 10,000
and 100,000 flags add to a set without any. In turns, after a clean stop; what a start has to do at the least, reading
the compiled set out of SQLite once, stands beside as the floor. Prints figures as lines of JSON.
usage: cold.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile

from daemon import Daemon, free_port
from figure import rounds
from flag_set import flag_key, flag_set_text

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from sync_server import SyncServer  # noqa: E402

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(15)
BUDGETS = {10_000: 15, 100_000: 40}  # milliseconds more than without flags
KEY = flag_key(1)


class Start:
    """Of a daemon whose cache holds so many flags."""

    def __init__(self, directory, flags):
        self.flags = flags
        self.directory = directory / str(flags)
        self.directory.mkdir()
        self.cache = self.directory / "cache.db"
        self.socket = str(self.directory / "pennon.sock")
        self.fill_cache()

    def fill_cache(self):
        """An upstream has the flags, a daemon follows it and keeps them when it is stopped."""
        upstream = SyncServer(self.directory)
        upstream.current = (200, SyncServer.document(1, json.loads(flag_set_text(BENCH, self.flags))["flags"], "bench"), '"1"')
        self.upstream = upstream.server.server_address
        self.options = ["--upstream-url", upstream.url,
                        "--upstream-key-file", upstream.key_file, "--cache-path", self.cache]
        Daemon(BIN, self.directory, *self.options).stop()
        upstream.stop()

    def black_hole(self):
        """In the upstream's place: connections are taken by the kernel, and nobody reads."""
        self.hole = socket.create_server(self.upstream, backlog=512)

    def millis(self):
        answer = '"value":' if self.flags else "FLAG_NOT_FOUND"
        command = [BIN / "pennond", "--environment", "bench", "--workers", "1", "--http-port", str(free_port()),
                   "--socket-path", self.socket, "--log-level", "error", *self.options]
        ran = subprocess.run([BENCH / "first_answer", self.socket, KEY, answer, *map(str, command)], check=True,
                             stdout=subprocess.PIPE)
        return float(ran.stdout)

    def floor_millis(self):
        return float(subprocess.run([BENCH / "read_image", self.cache], check=True, stdout=subprocess.PIPE).stdout)


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    try:
        starts = [Start(directory, flags) for flags in (0, *BUDGETS)]
        for start in starts:
            start.black_hole()
            start.millis()  # what is read from the disk once is in memory for all
        found = {start.flags: [] for start in starts}
        floors = {start.flags: [] for start in starts}
        for _ in range(ROUNDS):
            for start in starts:
                found[start.flags].append(start.millis())
                floors[start.flags].append(start.floor_millis())
    finally:
        shutil.rmtree(directory)
    print(json.dumps({"name": "cold start, no flags", "unit": "ms", "value": statistics.median(found[0]), "pass": True}))
    for flags, budget in BUDGETS.items():
        more = statistics.median(one - empty for one, empty in zip(found[flags], found[0]))
        print(json.dumps({"name": f"cold start, {flags:,} flags, more than without", "unit": "ms", "value": more,
                          "floor": statistics.median(floors[flags]), "atMost": budget, "pass": more <= budget}))


if __name__ == "__main__":
    main()
