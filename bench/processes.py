#!/usr/bin/env python3
"""50 processes that have mapped a daemon's 10,000 flags: what this adds to their memory beside one image, and how soon
all of them answer with a new revision: from when the daemon publishes it, to a millisecond as its log has it, and from
the first byte of the upstream's event; beside it, how soon as many bare processes have read a byte. The next revision is published when all have answered and the daemon has told
and kept it. Then processes that map the flags for a single question, two at a time.
Prints figures as lines of JSON. usage: processes.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import datetime
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from daemon import Daemon
from figure import rounds
from upstream import Upstream

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
PROCESSES = 50
FLAGS = 10_000
REVISIONS = 10 * rounds(20)
APART = 0.25  # seconds; changes of a tenth of a second are told as one, and kept a tenth later
OWN_KIB = 256
SHORT_LIVED = 2_000
SHORT_LIVED_A_MINUTE = 10_000
MILLIS = 20


class Follower:
    """Of (socket, key); of nothing, a program that has not made a client."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([BENCH / "follower", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def wait_ready(self):
        if self.process.stdout.readline() != "ready\n":
            sys.exit("a follower does not become ready")

    def answered(self, revision):
        """When it answered with this revision first; it may be told of one that it had from the beginning."""
        found = 0
        while found < revision:
            found, nanos = map(int, self.process.stdout.readline().split())
        return nanos

    def kib(self):
        """Its share of what is in memory."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M)[1])

    def image_kib(self):
        maps = pathlib.Path(f"/proc/{self.process.pid}/maps").read_text()
        begin, end = re.search(r"^(\w+)-(\w+) .*pennon-image", maps, re.M).groups()
        return (int(end, 16) - int(begin, 16)) / 1024

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def share_of_each(followers):
    for follower in followers:
        follower.wait_ready()
    return sum(follower.kib() for follower in followers) / len(followers)


def published_at(log, revision):
    """When the daemon has published a revision, by the monotonic clock."""
    for line in log:
        found = re.match(r"time=(\S+)Z .*event=\"flag set in force\".* revision=(\d+) ", line)
        if found and int(found[2]) == revision:
            instant = datetime.datetime.fromisoformat(found[1]).replace(tzinfo=datetime.timezone.utc)
            return int(instant.timestamp() * 1e3) * 1_000_000 - (time.time_ns() - time.monotonic_ns())
    sys.exit("the daemon has ended")


def report(name, unit, value, **more):
    print(json.dumps({"name": f"{PROCESSES} processes: {name}", "unit": unit, "value": value,
                      "pass": value <= more.get("atMost", value), **more}), flush=True)


def short_lived(daemon, key):
    """How many a minute; their daemon must hold nothing of theirs."""
    def seconds(*arguments):
        ran = subprocess.run([BENCH / "short_lived", str(SHORT_LIVED), *arguments], check=True, stdout=subprocess.PIPE)
        return float(ran.stdout)

    a_minute, floor = (60 * SHORT_LIVED / took for took in (seconds(daemon.socket, key), seconds()))
    print(json.dumps({"name": "processes that map 10,000 flags and ask once", "unit": "/min", "value": a_minute, "floor": floor,
                      "ratio": a_minute / floor, "pass": a_minute >= SHORT_LIVED_A_MINUTE}), flush=True)


def told_bytes(directory):
    """Milliseconds until all of as many processes have read a byte from a socket, again and again."""
    waits = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "bytes"))
        listener.listen(PROCESSES)
        followers = [Follower(directory / "bytes") for _ in range(PROCESSES)]
        peers = [listener.accept()[0] for _ in followers]
        for follower in followers:
            follower.wait_ready()
        for told in range(1, REVISIONS + 1):
            time.sleep(APART / 5)
            began = time.monotonic_ns()
            for peer in peers:
                peer.sendall(b"!")
            waits.append((max(follower.answered(told) for follower in followers) - began) / 1e6)
        for peer in peers:
            peer.close()
    for follower in followers:
        follower.stop()
    return sorted(waits)


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    upstream = Upstream(BENCH, directory, FLAGS)
    daemon = Daemon(BIN, directory, *upstream.options, log=subprocess.PIPE)
    followers = [Follower() for _ in range(PROCESSES)]
    try:
        alone = share_of_each(followers)
        for follower in followers:
            follower.stop()
        followers = [Follower(daemon.socket, upstream.key) for _ in range(PROCESSES)]
        mapped = share_of_each(followers) - followers[0].image_kib() / PROCESSES
        report("memory that mapping adds to each, beside one image", "KiB", mapped - alone, atMost=OWN_KIB)
        report("memory of each without a client", "KiB", alone)
        while not upstream.server.streams_asked:
            time.sleep(0.01)
        from_event, from_daemon = [], []
        for _ in range(REVISIONS):
            time.sleep(APART)
            began = upstream.publish()
            ended = max(follower.answered(upstream.revision) for follower in followers)
            from_event.append((ended - began) / 1e6)
            from_daemon.append((ended - published_at(daemon.process.stderr, upstream.revision)) / 1e6)
        bare = told_bytes(directory)
        for name, at, more in (("p99", int(REVISIONS * 0.99), {"atMost": MILLIS}), ("p50", REVISIONS // 2, {})):
            value = sorted(from_daemon)[at]
            report(f"a published revision answers in all, {name}", "ms", value, floor=bare[at], **more)
        report("from the upstream's event on, p50", "ms", statistics.median(from_event))
        report("from the upstream's event on, p99", "ms", sorted(from_event)[int(REVISIONS * 0.99)])
        short_lived(daemon, upstream.key)
    finally:
        for follower in followers:
            follower.stop()
        daemon.stop()
        upstream.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
