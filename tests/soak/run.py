#!/usr/bin/env python3
"""Lets a store and a daemon work under a steady load while something goes wrong every 20 seconds; docs/reliability.md.

run.py [--seed N] [--keep] [MINUTES]      PENNON_BIN names the folder with the programs

Ctrl-C ends it early, with the summary so far. The exit code is 0 when all went well, 1 when not.
"""
import argparse
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / name) for name in ("e2e", "faults", "support"))]

import summary  # noqa: E402
import ways  # noqa: E402
from editor import Editor  # noqa: E402
from faults import KINDS, Schedule  # noqa: E402
from figures import Figures  # noqa: E402
from follower import Follower  # noqa: E402
from harness import Program, eventually  # noqa: E402
from installation import Installation  # noqa: E402
from ledger import Ledger  # noqa: E402
from tally import Tally  # noqa: E402

EVERY = 20  # seconds from the beginning of a fault to that of the next
FIRST = 5  # seconds of calm at the beginning
CALM = 5  # at least, after all is well again
SAMPLE = 2


class Soak:
    def __init__(self, directory, minutes, seed, stopped):
        self.minutes, self.seed = minutes, seed
        self.stopped = stopped  # an event: by Ctrl-C
        self.lasted = 0  # seconds, of the load and the faults
        self.tally = Tally(self.say)
        self.began = time.monotonic()
        self.installation = Installation(directory)
        environment = self.installation.daemon.environment()
        self.ledger = Ledger(environment["epoch"], environment["revision"])
        self.ledger.shares = ways.shares(self.installation)
        self.settled = self.ledger.newest  # a revision that the daemon has had for seconds
        self.figures = Figures(self.installation, SAMPLE)
        parts = self.installation, self.ledger, self.tally
        self.editor = Editor(*parts, seed)
        self.readers = [*(way(*parts) for way in ways.WAYS), Follower(*parts)]

    @property
    def seconds(self):
        return time.monotonic() - self.began

    def say(self, text):
        minutes, seconds = divmod(int(self.seconds), 60)
        print(f"{minutes:3}:{seconds:02}  {text}", flush=True)

    def pause(self, seconds):
        self.stopped.wait(max(0, seconds))

    def run(self):
        self.began = self.figures.began = time.monotonic()
        for thread in (*self.readers, self.editor, self.figures):
            thread.start()
        self.figures.calm.set()
        schedule = Schedule(self.seed)
        total = int(self.minutes * 60 / EVERY)  # the last has time to be got over
        for number in range(total):
            due = FIRST + number * EVERY - self.seconds
            self.pause(due if number == 0 else max(due, CALM))
            if self.stopped.is_set() or self.installation.ended():
                break
            kind, lasts = schedule.next(is_second_half=number >= total / 2)
            self.fault(f"{number + 1}/{total}", kind, lasts)
        else:
            self.pause(self.minutes * 60 - self.seconds)
        self.end()

    def fault(self, which, kind, lasts):
        self.figures.calm.clear()
        with KINDS[kind](self) as told:
            self.pause(lasts)
        undone = time.monotonic()
        seconds = None
        try:
            self.recover()
            seconds = time.monotonic() - undone
        except (AssertionError, OSError) as failure:
            self.tally.fail(f"{kind}: {failure}")
        self.figures.calm.set()
        self.tally.faults[kind] += 1
        if seconds is not None:
            self.tally.recoveries[kind].append(seconds)
        asked = sum(way.evaluations for way in self.tally.ways.values())
        self.say(f"{which}  {kind} for {lasts:.1f} s{f' ({told})' if told else ''}, well again after "
                 f"{'ever' if seconds is None else f'{seconds:.1f} s'}; revision {self.ledger.newest}, "
                 f"{summary.number(asked)} answers, {self.tally.failed} failed")

    def recover(self):
        """The daemon has what is newest in the store at this moment, and keeps it on disk."""
        newest = self.ledger.newest

        def is_well():
            environment = self.installation.daemon.environment()
            return (environment["revision"] >= newest and environment["source"] == "live" and not environment["stale"]
                    and environment["cache"]["ok"])
        eventually(is_well, lambda: f"all is well again: {self.installation.daemon.environment()}, newest {newest}")
        self.settled = newest

    def end(self):
        """Everybody has the last change; then all stop, and both programs end as they should."""
        self.lasted = self.seconds
        if ended := self.installation.ended():
            self.tally.fail(ended)
        else:
            self.editor.end()
            for reader in self.readers:
                eventually(lambda: reader.newest == self.ledger.newest or not reader.is_alive(),
                           lambda: f"{reader.title} has revision {self.ledger.newest}: {reader.newest}")
        self.figures.end()
        for reader in self.readers:
            reader.end()
        if not ended:
            self.installation.end()


def run(soak):
    """Whether the run itself came to its end; what it met is in its tally."""
    try:
        soak.run()
    except Exception:  # told with the rest
        soak.tally.fail(traceback.format_exc())
    finally:
        soak.installation.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, help="of the schedule; random unless told")
    parser.add_argument("--keep", action="store_true", help="keep logs and samples of a run without failures, too")
    parser.add_argument("minutes", type=float, nargs="?", default=60, metavar="MINUTES", help="60 unless told")
    arguments = parser.parse_args()
    if arguments.minutes <= 0:
        parser.error("MINUTES is a number above 0")
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    Program.own_session = True
    directory = tempfile.mkdtemp(prefix="pennon-soak-")
    print(f"soak of {arguments.minutes:g} minutes, seed {seed}, a fault every {EVERY} s; logs and samples in {directory}", flush=True)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    soak = Soak(directory, arguments.minutes, seed, stopped)
    run(soak)
    if stopped.is_set():
        print("stopped early")
    print(summary.text(soak.tally, soak.figures, soak.lasted or soak.seconds, seed))
    if soak.tally.failed == 0 and not arguments.keep:
        shutil.rmtree(directory)
    return 1 if soak.tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
