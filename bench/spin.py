#!/usr/bin/env python3
"""A round trip between two processors when both sides spin: libpennon over frames beside a bare echo whose server and
client spin as long, in turns; and the same two when nobody spins. The daemon and the echo have one processor, the caller
another. Prints figures as lines of JSON. usage: spin.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from daemon import Daemon
from figure import rounds
from flag_set import flag_set_text

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(11)
FLAGS = 10_000
ASKED = {50: 20_000, 0: 3_000}  # by microseconds of spinning
AT_MOST = 1.5
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVERS_ON, CALLER_ON = PROCESSORS[0], PROCESSORS[-1]


class Pair:
    """A daemon and an echo that spin for so long."""

    def __init__(self, directory, flags, spin):
        self.spin = spin
        directory.mkdir()
        self.daemon = Daemon(BIN, directory, "--bootstrap-file", flags, "--cache-path", "", "--spin-us", spin)
        echo = directory / "echo.sock"
        self.echo = subprocess.Popen([BENCH / "spin_echo", echo, str(spin)])
        while not echo.exists():
            time.sleep(0.01)
        self.sockets = {"frames": self.daemon.socket, "echo": echo}
        self.rounds = []

    def measure(self):
        """Nanoseconds, by way and percentile."""
        found = {}
        for way in ("echo", "frames"):
            out = subprocess.run(["taskset", "-c", str(CALLER_ON), BENCH / "ask_ways", way, self.sockets[way],
                                  str(ASKED[self.spin]), str(self.spin)], check=True, capture_output=True, text=True).stdout
            found[way] = json.loads(out)
        if not 0.3 < found["frames"]["on"] / ASKED[self.spin] < 0.6:
            sys.exit(f"wrong answers: {found}")
        self.rounds.append(found)

    def report(self, percentile, at_most=None):
        value, floor = (statistics.median(one[way][percentile] for one in self.rounds) for way in ("frames", "echo"))
        ratio = statistics.median(one["frames"][percentile] / one["echo"][percentile] for one in self.rounds)
        figure = {"name": f"spin_us {self.spin}: frames across two processors, {percentile}", "unit": "ns", "value": value,
                  "floor": floor, "ratio": ratio, "pass": at_most is None or ratio <= at_most}
        print(json.dumps(figure if at_most is None else {**figure, "atMost": at_most}), flush=True)

    def stop(self):
        self.daemon.stop()
        self.echo.kill()
        self.echo.wait()


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    flags = directory / "flags.json"
    flags.write_bytes(flag_set_text(BENCH, FLAGS))
    os.sched_setaffinity(0, {SERVERS_ON})
    pairs = []
    try:
        for spin in ASKED:
            pairs.append(Pair(directory / str(spin), flags, spin))
        for _ in range(ROUNDS):
            for pair in pairs:
                pair.measure()
    finally:
        for pair in pairs:
            pair.stop()
        shutil.rmtree(directory)
    spinning, sleeping = pairs
    spinning.report("p50", AT_MOST)
    spinning.report("p99")
    sleeping.report("p50")


if __name__ == "__main__":
    main()
