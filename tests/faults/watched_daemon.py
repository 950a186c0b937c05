"""A daemon that random faults meet, its upstream, and what every answer of it has to be.

The value of each flag is the revision it is of, so that an answer which mixes two, or is of none that was ever
published, shows. An upstream that lies says -1.
"""
import contextlib
import http.client
import json
import os
import random
import signal
import time

from fault_test import *

KEYS = ["a", "b", *(f"f{number:02}" for number in range(20))]
WHOLE, FEW, NONE, BROKEN = "whole", "few", "none", "broken"  # what a published set is like: all flags, two, none; `a` does not compile
ARGUMENTS = [*POLL, "--upstream-timeout", "500ms", "--upstream-connect-timeout", "500ms", "--report-interval", "1s", "--limits-drain-timeout", "1s",
             "--limits-write-timeout", "1s", "--limits-message-timeout", "1s", "--log-level", "debug"]
ASKED = 15  # questions of a step, at most


def flags(value, shape=WHOLE):
    found = {key: flag(value) for key in KEYS[:{FEW: 2, NONE: 0}.get(shape)]}
    if shape == BROKEN:
        found["a"] = dict(flag(value), default={"variant": "nobody"})
    return found


@contextlib.contextmanager
def stacked(faults, fault, put):
    """`put` is given the last fault of those in force, or None."""
    faults.append(fault)
    put(fault)
    yield
    faults.remove(fault)
    put(faults[-1] if faults else None)


class WatchedDaemon:
    def __init__(self, directory, seed):
        self.chance = random.Random(f"faults {seed}")
        self.ways = random.Random(f"ways {seed}")  # of its own: how often is asked depends on the machine
        self.upstream = RawUpstream(os.path.join(directory, "upstream"))
        self.calls = FailingCalls(directory)
        self.published = {}   # revision: (shape, document, tag)
        self.upstream_faults, self.failing = [], []  # in force; the last one counts
        self.down = 0         # faults that want it ended
        self.paused = None    # a process
        self.narrow = 0       # faults under which who connects may be turned away
        self.hidden = 0       # under which a start may not find the cache
        self.is_damaged = False
        self.kept = 0         # a revision that the cache surely has
        self.publish()
        os.mkdir(os.path.join(directory, "daemon"))
        preloaded = ["env", *(f"{name}={value}" for name, value in self.calls.environment.items())]
        self.daemon = Daemon(os.path.join(directory, "daemon"), self.upstream, ARGUMENTS, preloaded, wait=False)

    def settle(self):
        """The first set is in force, and in the cache."""
        eventually(self.daemon.is_up, "it is up")
        self.begin()
        eventually(lambda: self.seen == 1 or self.ask(), "the first set is in force")
        eventually(lambda: 1 in FaultTest.kept(self.daemon), "it is kept")
        self.kept = 1

    @property
    def process(self):
        return self.daemon.program.process

    @property
    def runs(self):
        return not self.down and self.paused is not self.process

    def publish(self, shape=WHOLE):
        revision = self.newest + 1
        self.published[revision] = (shape, SyncServer.document(revision, flags(revision, shape)), f'"1.{revision}"')
        _, self.upstream.document, self.upstream.tag = self.published[revision]

    @property
    def newest(self):
        return max(self.published, default=0)

    def begin(self, said=""):
        """A life begins: what it had on disk it has again, and it may be older than what an earlier one served."""
        self.seen, self.is_full = 0, False
        self.client = FrameClient(self.daemon.socket, 60)
        self.client.hello("production")
        host, port = next(one["address"] for one in self.client.status()["listeners"] if one["name"] == "http").rsplit(":", 1)
        self.http = host, int(port)
        self.ask()
        assert self.seen >= self.kept or self.hidden or self.is_damaged, f"revision {self.seen} after a restart, and {self.kept} was kept"

    def end(self, number):
        if self.paused is self.process:
            self.process.send_signal(signal.SIGCONT)
        self.client.close()
        self.process.send_signal(number)
        status = self.process.wait(60)
        assert status == (0 if number == signal.SIGTERM else -number), f"ended with {status}, not by signal {number}"

    @contextlib.contextmanager
    def without(self, number):
        """It is ended by this signal, and started again when nothing wants it ended. (Not when a run is given up.)"""
        if not self.down:
            self.end(number)
        self.down += 1
        yield
        self.down -= 1
        if not self.down:
            before = len(self.daemon.program.log)
            self.daemon.start()
            self.begin(self.daemon.program.log[before:])

    def ask(self):
        """Who asks a daemon that runs is answered, and rightly."""
        assert self.process.poll() is None, f"it ended by itself, with {self.process.returncode}"
        answered = self.client.batch(KEYS, {}, metadata=False)  # on one connection through all of a life
        self.check(answered, {one["key"]: one.get("value") for one in answered["evaluations"]})
        way = self.ways.choice((lambda: UnixHttpConnection(self.daemon.socket), lambda: http.client.HTTPConnection(*self.http, timeout=30)))
        try:
            status, _, body = request(way(), "POST", "/evaluate", {"context": {}})
        except (OSError, http.client.HTTPException):
            if self.narrow:
                return
            raise
        assert status == 200, (status, body)
        answered = json.loads(body)
        values = {key: one.get("value") for key, one in answered["evaluations"].items()}
        self.check(answered, values)
        if answered["revision"]:
            assert len(values) == len(flags(0, self.published[answered["revision"]][0])), f"{len(values)} flags of {answered}"

    def check(self, answered, values):
        revision = answered["revision"]
        assert revision >= self.seen, f"revision {revision} after {self.seen} in one life"
        assert answered["ageMs"] >= 0, answered
        if revision == 0:
            assert set(values.values()) <= {None}, answered
            return
        assert revision in self.published, f"revision {revision} was never published: {answered}"
        shape = self.published[revision][0]
        assert shape in (WHOLE, BROKEN) or not self.is_full, f"a set of {shape} flags is in force after a full one: {answered}"
        there = flags(revision, shape)
        for key, value in values.items():
            if (shape, key) == (BROKEN, "a"):  # its earlier definition, if there was one
                assert value is None or value < revision and value in self.published, f"{key} of {revision} is {value}"
            else:
                assert value == (revision if key in there else None), f"{key} of revision {revision}, {shape}, is {value}"
        self.seen, self.is_full = revision, self.is_full or shape in (WHOLE, BROKEN)

    def note_kept(self):
        """What a restart has to find, whatever writes fail meanwhile; where reads do, or bytes were damaged, nobody knows."""
        if self.hidden or self.is_damaged:
            return
        with contextlib.suppress(FrameError):  # the order needs the disk
            before, self.kept = self.kept, max((int(one["generation"].split(".")[1]) for one in self.client.order("generations")["generations"]), default=0)
            assert self.kept >= before, f"the cache has revision {self.kept}, and had {before}"

    def last(self):
        """A step lasts until the upstream has been asked twice, so that what it said first was acted upon, or so many questions were answered."""
        before = len(self.upstream.requests)
        for _ in range(ASKED):
            if not self.runs:
                return
            self.ask()
            if len(self.upstream.requests) > before + 1:
                break
            time.sleep(0.01)  # a caller's pace
        if self.ways.random() < 0.4:
            self.note_kept()

    def get_well(self):
        """After all faults: the newest set comes, live, is kept, and serves without an upstream."""
        self.publish()
        told = lambda: f"{self.daemon.environment()}, newest {self.newest}"
        eventually(lambda: self.ask() or self.seen == self.newest, lambda: "the newest set is in force: " + told())
        eventually(lambda: (lambda now: now["source"] == "live" and now["state"] == "live")(self.daemon.environment()), lambda: "it is live: " + told())
        eventually(lambda: self.daemon.environment()["cache"]["ok"], lambda: "the cache is well: " + told())
        eventually(lambda: self.newest in FaultTest.kept(self.daemon), lambda: f"the newest set is kept: {FaultTest.kept(self.daemon)}")
        self.upstream.close()
        self.kept, self.is_damaged = self.newest, False
        with self.without(signal.SIGKILL):
            pass
        found = self.daemon.environment()
        assert (found["source"], found["revision"], found["flags"]) == ("cache", self.newest, len(KEYS)), found
        self.end(signal.SIGTERM)

    def give_up(self):
        """Whatever is left of it ends."""
        self.daemon.program.kill()
        self.upstream.close()


__all__ = [name for name in dir() if not name.startswith("_")]
