#!/usr/bin/env python3
"""The three ways to a daemon of 10,000 flags, side by side: mapped, frames, HTTP (OFREP). One caller waits for each
answer; what a second of a processor answers counts the caller's computing and the daemon's. Prints figures as lines of
JSON. usage: ways.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

from daemon import Daemon
from figure import rounds
from flag_set import flag_set_text

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(5)
FLAGS = 10_000
COUNTS = {"mapped": 1_000_000, "frames": 20_000, "http": 20_000}
FASTER = 100  # than a round trip, at least


def children_nanos():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1e9


def ask(way, daemon):
    """What ask_ways found, and `computed`: nanoseconds of an evaluation, the start of the program left out."""
    def run(count):
        before = children_nanos() + daemon.nanos()
        out = subprocess.run([BENCH / "ask_ways", way, str(daemon.port) if way == "http" else daemon.socket, str(count)],
                             check=True, capture_output=True, text=True).stdout
        return json.loads(out), children_nanos() + daemon.nanos() - before
    _, start = run(1)
    found, spent = run(COUNTS[way])
    found["computed"] = (spent - start) / (COUNTS[way] * 2.1)  # asked twice, and a tenth to warm up
    return found


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    flags = directory / "flags.json"
    flags.write_bytes(flag_set_text(BENCH, FLAGS))
    daemon = Daemon(BIN, directory, "--bootstrap-file", flags, "--cache-path", "")
    try:
        rounds = [{way: ask(way, daemon) for way in COUNTS} for _ in range(ROUNDS)]
    finally:
        daemon.stop()
        shutil.rmtree(directory)
    for way, count in COUNTS.items():
        for one in rounds:
            if not 0.3 < one[way]["on"] / count < 0.6:
                sys.exit(f"{way}: wrong answers: {one}")
        of = {name: statistics.median(one[way][name] for one in rounds) for name in ("p50", "p99", "mean", "computed")}
        for name in ("p50", "p99"):
            print(json.dumps({"name": f"ways: {way}, {name} of an evaluation", "unit": "ns", "value": of[name], "pass": True}))
        print(json.dumps({"name": f"ways: {way}, answers of a processor's second", "unit": "1/s",
                          "value": 1e9 / of["computed"], "pass": True}))
    ratio = statistics.median(one["frames"]["mean"] / one["mapped"]["mean"] for one in rounds)
    print(json.dumps({"name": "ways: a round trip on frames in mapped evaluations", "unit": "ns",
                      "value": statistics.median(one["frames"]["mean"] for one in rounds),
                      "floor": statistics.median(one["mapped"]["mean"] for one in rounds),
                      "ratio": ratio, "atLeast": FASTER, "pass": ratio >= FASTER}))


if __name__ == "__main__":
    main()
