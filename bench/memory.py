#!/usr/bin/env python3
"""Anonymous memory of a daemon that follows an upstream, with 10,000 and with 100,000 flags: what it is when it does
not become less any more, as after each change it keeps for a while what the next one would need; and the most that the
process ever had, pages of its files included. Prints figures as lines of JSON.
usage: memory.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import pathlib
import shutil
import sys
import tempfile
import time

from daemon import Daemon
from figure import figure
from upstream import Upstream

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
BUDGETS = {10_000: 10, 100_000: 40}  # MiB
CALM = 15  # seconds without change: definitions are let go of after ten
PATIENCE = 90


def at_rest(daemon):
    """KiB."""
    last, since, began = daemon.kib("RssAnon"), time.monotonic(), time.monotonic()
    while time.monotonic() - since < CALM:
        if time.monotonic() - began > PATIENCE:
            sys.exit("the daemon's memory does not come to rest")
        time.sleep(0.5)
        kib = daemon.kib("RssAnon")
        if kib != last:
            last, since = kib, time.monotonic()
    return last


def measure(directory, flags):
    """KiB at rest, and at most."""
    directory.mkdir()
    upstream = Upstream(BENCH, directory, flags)
    daemon = Daemon(BIN, directory, *upstream.options)
    try:
        return at_rest(daemon), daemon.kib("VmHWM")
    finally:
        daemon.stop()
        upstream.stop()


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    try:
        for flags, budget in BUDGETS.items():
            rest, most = measure(directory / str(flags), flags)
            figure(f"memory, {flags:,} flags, anonymous, at rest", "MiB", rest / 1024, at_most=budget)
            figure(f"memory, {flags:,} flags, at most", "MiB", most / 1024)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
