#!/usr/bin/env python3
"""Waits of an even load on a daemon of 100,000 flags while its flag set changes every second, beside the same load while
nothing changes, in turns. Changes are of one flag, told by the upstream's stream, or of every flag, in a file that is
read each second. A wait counts from when the request was due. The daemon, all its threads, has one processor: what
compiles has to share it with what answers. The load has another. For a change of every flag, which computes for much
of the second, there is a third turn: nothing changes, and a bare program with the priority of the daemon's compiler
computes as long on that processor, which is what the kernel makes others wait. Prints figures as lines of JSON.
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
from figure import figure, rounds
from flag_set import flag_set_text
from upstream import Upstream

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(5)
SECONDS = 3  # of a window
AHEAD = 3  # seconds before it
FLAGS = 100_000
RATE = 5_000
CONNECTIONS = 16
AT_MOST = 1.5
COMPILER_NICE = 3
BARE = """
import sys, time
for nanos in sys.stdin:
    end = time.thread_time_ns() + int(nanos)
    while time.thread_time_ns() < end:
        pass
"""
PROCESSORS = sorted(os.sched_getaffinity(0))
DAEMON_ON, LOAD_ON = PROCESSORS[0], PROCESSORS[-1]
SETTLED_NANOS = 5_000_000  # that a daemon with nothing to do may compute in a quarter of a second


class Scene:
    """A daemon, its load, and what swaps its flag set; with `is_long` also a bare program that computes as long."""

    def __init__(self, name, daemon, swap, rest, is_long=False):
        self.name, self.daemon, self.swap, self.rest = name, daemon, swap, rest
        self.load = subprocess.Popen(["taskset", "-c", str(LOAD_ON), BENCH / "paced_load", daemon.socket, str(FLAGS),
                                      str(RATE), str(CONNECTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bare = self.start_bare() if is_long else None
        self.windows = {"swaps": [], "rest": [], "bare": []}
        self.swapped = []  # sets, in a window

    @staticmethod
    def start_bare():
        """Computes for as many nanoseconds as it reads."""
        return subprocess.Popen(["taskset", "-c", str(DAEMON_ON), "nice", "-n", str(COMPILER_NICE), sys.executable, "-c", BARE],
                                stdin=subprocess.PIPE, text=True)

    def settle(self):
        """Returns when nothing of what was swapped before is being written any more."""
        while True:
            before = self.daemon.nanos()
            time.sleep(0.25)
            if self.daemon.nanos() - before < SETTLED_NANOS:
                return

    def window(self, kind, each_second):
        """One window of the load, with something each second of it and of AHEAD before: the first change after
        a calm reads the definitions again, which the second has at hand. What the daemon computed in a second.
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
        before = self.daemon.nanos()
        print(SECONDS, file=self.load.stdin, flush=True)
        found = json.loads(self.load.stdout.readline())
        computed = (self.daemon.nanos() - before) / SECONDS
        ended.set()
        actor.join()
        self.windows[kind].append(found)
        return computed

    def measure(self):
        at_rest = self.window("rest", self.rest)
        before = swaps_of(self.daemon)
        swapping = self.window("swaps", self.swap)
        self.settle()  # a set may take longer than its second
        self.swapped.append(swaps_of(self.daemon) - before)
        if self.bare:
            self.window("bare", lambda: print(int(swapping - at_rest), file=self.bare.stdin, flush=True))

    def report(self, percentile, beside="rest", at_most=None):
        if min(self.swapped) == 0:
            sys.exit(f"{self.name}: nothing was swapped")
        value, floor = (statistics.median(one[percentile] for one in self.windows[kind]) for kind in ("swaps", beside))
        ratio = statistics.median(swapped[percentile] / other[percentile]
                                  for swapped, other in zip(self.windows["swaps"], self.windows[beside]))
        name = f"{FLAGS:,} flags, swapped for a change of {self.name}: wait at {percentile}"
        figure(name if beside == "rest" else f"{name}, beside a bare program's", "ns", value, at_most, floor=floor, ratio=ratio)

    def stop(self):
        if self.bare:
            self.bare.stdin.close()
            self.bare.wait()
        self.load.stdin.close()
        self.load.wait()
        self.daemon.stop()


def start_daemon(directory, *arguments):
    directory.mkdir()
    daemon = Daemon(BIN, directory, *arguments)
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {DAEMON_ON})
    return daemon


def swaps_of(daemon):
    return int(re.search(r'^pennon_sync_total\{result="changed"\} (\d+)', daemon.metrics(), re.M)[1])


def one_flag(directory):
    upstream = Upstream(BENCH, directory, FLAGS)
    events = [upstream.next_event() for _ in range(ROUNDS * (AHEAD + SECONDS + 1))]  # what they cost is not the daemon's
    daemon = start_daemon(directory / "one", *upstream.options)
    while not upstream.server.streams_asked:
        time.sleep(0.01)
    return Scene("one flag", daemon, lambda: upstream.events.put(events.pop(0)),
                 lambda: upstream.events.put(": nothing new\n\n")), upstream


def every_flag(directory):
    document = json.loads(flag_set_text(BENCH, FLAGS))
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
    daemon = start_daemon(directory / "every", "--upstream-kind", "file", "--upstream-file", file, "--upstream-poll-interval",
                          "1s", "--upstream-stale-after", "1h", "--cache-path", directory / "every.db")
    return Scene("every flag", daemon, swap, lambda: None, is_long=True)


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
        for scene in scenes:
            for percentile in ("p50", "p99"):
                scene.report(percentile)
            scene.report("p999", at_most=None if scene.bare else AT_MOST)
            if scene.bare:
                scene.report("p999", "bare", AT_MOST)
    finally:
        for scene in scenes:
            scene.stop()
        if upstream is not None:
            upstream.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
