#!/usr/bin/env python3
"""Waits of an even load on a daemon of 100,000 flags while its flag set changes every second, beside the same load while
nothing changes, in turns. Changes are of one flag, told by the upstream's stream, or of every flag, in a file that is
read each second. A wait counts from when the request was due. The daemon, all its threads, has one processor: what
compiles has to share it with what answers. The load has another. Prints figures as lines of JSON.
usage: swaps.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from daemon import Daemon
from figure import rounds
from processes import Upstream

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(5)
SECONDS = 3  # of a window
AHEAD = 3  # seconds before it
FLAGS = 100_000
RATE = 5_000
CONNECTIONS = 16
AT_MOST = 1.5
PROCESSORS = sorted(os.sched_getaffinity(0))
DAEMON_ON, LOAD_ON = PROCESSORS[0], PROCESSORS[-1]
SETTLED_NANOS = 5_000_000  # that a daemon with nothing to do may compute in a quarter of a second


class Scene:
    """A daemon, its load, and what swaps its flag set."""

    def __init__(self, name, daemon, swap, rest):
        self.name, self.daemon, self.swap, self.rest = name, daemon, swap, rest
        self.load = subprocess.Popen(["taskset", "-c", str(LOAD_ON), BENCH / "paced_load", daemon.socket, str(FLAGS),
                                      str(RATE), str(CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.windows = {"swaps": [], "rest": []}
        self.swapped = []  # sets, in a window

    def settle(self):
        """Returns when nothing of what was swapped before is being written any more."""
        while True:
            before = self.daemon.nanos()
            time.sleep(0.25)
            if self.daemon.nanos() - before < SETTLED_NANOS:
                return

    def window(self, kind, each_second):
        """One window of the load, with something each second of it and of AHEAD before: the first change after
        a calm reads the definitions again, which the second has at hand.
        """
        self.settle()
        ended = threading.Event()

        def act():
            pause = 0.5
            while not ended.wait(pause):
                each_second()
                pause = 1

        actor = threading.Thread(target=act)
        actor.start()
        time.sleep(AHEAD)
        print(SECONDS, file=self.load.stdin, flush=True)
        found = json.loads(self.load.stdout.readline())
        ended.set()
        actor.join()
        self.windows[kind].append(found)

    def measure(self):
        self.window("rest", self.rest)
        before = swaps_of(self.daemon)
        self.window("swaps", self.swap)
        self.settle()  # a set may take longer than its second
        self.swapped.append(swaps_of(self.daemon) - before)

    def report(self, percentile, at_most=None):
        if min(self.swapped) == 0:
            sys.exit(f"{self.name}: nothing was swapped")
        value, floor = (statistics.median(one[percentile] for one in self.windows[kind]) for kind in ("swaps", "rest"))
        ratio = statistics.median(swapped[percentile] / rest[percentile]
                                  for swapped, rest in zip(self.windows["swaps"], self.windows["rest"]))
        figure = {"name": f"{FLAGS:,} flags, swapped for a change of {self.name}: wait at {percentile}", "unit": "ns",
                  "value": value, "floor": floor, "ratio": ratio, "pass": at_most is None or ratio <= at_most}
        print(json.dumps(figure if at_most is None else {**figure, "atMost": at_most}), flush=True)

    def stop(self):
        self.load.stdin.close()
        self.load.wait()
        self.daemon.stop()


def start_daemon(directory, *arguments):
    directory.mkdir()
    daemon = Daemon(BIN, directory, "--cache-path", directory / "cache.db", "--upstream-stale-after", "1h", *arguments)
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {DAEMON_ON})
    return daemon


def swaps_of(daemon):
    return int(re.search(r'^pennon_sync_total\{result="changed"\} (\d+)', daemon.metrics(), re.M)[1])


def one_flag(directory):
    upstream = Upstream(directory, FLAGS)
    events = [upstream.next_event() for _ in range(ROUNDS * (AHEAD + SECONDS + 1))]  # what they cost is not the daemon's
    daemon = start_daemon(directory / "one", "--upstream-url", upstream.server.url, "--upstream-key-file",
                          upstream.server.key_file, "--upstream-poll-interval", "30m")
    while not upstream.server.streams_asked:
        time.sleep(0.01)
    return Scene("one flag", daemon, lambda: upstream.events.put(events.pop(0)),
                 lambda: upstream.events.put(": nothing new\n\n")), upstream


def every_flag(directory):
    document = json.loads(subprocess.run([BENCH / "flag_set_text", str(FLAGS)], check=True, stdout=subprocess.PIPE).stdout)
    texts = []
    for percent in (25, 30):
        for flag in document["flags"].values():
            flag["default"]["split"]["weights"] = [{"variant": "on", "weight": percent}, {"variant": "no", "weight": 100 - percent}]
        texts.append(directory / f"flags-{percent}.json")
        texts[-1].write_text(json.dumps(document))
    file, next_one = directory / "flags.json", directory / "next.json"

    def swap():
        texts.reverse()
        os.link(texts[0], next_one)
        next_one.replace(file)

    swap()
    daemon = start_daemon(directory / "every", "--upstream-kind", "file", "--upstream-file", file,
                          "--upstream-poll-interval", "1s")
    return Scene("every flag", daemon, swap, lambda: None)


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    os.sched_setaffinity(0, {DAEMON_ON})  # who tells of changes must not disturb the load
    scenes, upstream = [], None
    try:
        scene, upstream = one_flag(directory)
        scenes.append(scene)
        scenes.append(every_flag(directory))
        for _ in range(ROUNDS):
            for scene in scenes:
                scene.measure()
        for scene, most in zip(scenes, (AT_MOST, None)):
            for percentile, at_most in (("p50", None), ("p99", None), ("p999", most)):
                scene.report(percentile, at_most)
    finally:
        for scene in scenes:
            scene.stop()
        if upstream is not None:
            upstream.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
