"""What disks, processes, clients, limits and clocks do to a daemon in a random schedule, kind by kind; see upstream_kinds.py.

Of calls that fail, too, the last kind begun counts.
"""
import contextlib
import errno
import os
import pathlib
import signal
import sys
import time

from failing_calls import ACCEPT, OPEN, READ, SYNC, TRUNCATE, UNLINK, WRITE
from watched_daemon import *

sys.path.insert(0, str(ROOT / "tests" / "soak"))
import hostile  # noqa: E402

ALL = WRITE | SYNC | TRUNCATE | OPEN | UNLINK | READ
DAY = 86_400
YEAR_2040 = 2_208_988_800
CROWD = 20  # on each listener


def calls(put, hides=False, narrows=False):
    """`put` is a function of (the failing calls, a random number generator). `hides`: a start may not find the cache; `narrows`: may not be reached."""
    @contextlib.contextmanager
    def fault(watched):
        def stop_and_put(last):
            watched.calls.stop()
            if last:
                last(watched.calls, watched.chance)
        watched.hidden += hides
        watched.narrow += narrows
        with stacked(watched.failing, put, stop_and_put):
            yield
        watched.hidden -= hides
        watched.narrow -= narrows
    return fault


def some_fail(failing, chance):
    failing.fail(ALL, chance.choice((errno.EIO, errno.ENOSPC)), chance.randint(1, 40), chance.choice((0, 1, 1, 3)))


def limited(what, value, narrows=False):
    @contextlib.contextmanager
    def fault(watched):
        process = watched.process
        before = None if watched.down else limit(process, what, value(process))
        watched.narrow += narrows
        yield
        watched.narrow -= narrows
        if before is not None and process.poll() is None:
            limit(process, what, before)
    return fault


def damaged(damage):
    """`damage` is done to the files of the cache, if there are any, while the daemon is killed."""
    @contextlib.contextmanager
    def fault(watched):
        with watched.without(signal.SIGKILL):
            watched.is_damaged = True
            cache = pathlib.Path(watched.daemon.cache)
            if files := [path for path in (cache, cache.with_name("cache.db-wal")) if path.exists() and path.stat().st_size]:
                damage(files, watched.chance)
        yield
    return fault


def flip(files, chance):
    path = chance.choice(files)
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def cut(files, chance):
    path = chance.choice(files)
    os.truncate(path, chance.randrange(path.stat().st_size))


@contextlib.contextmanager
def removed(watched):
    """While it runs, or not."""
    watched.is_damaged = True
    pathlib.Path(watched.daemon.cache).unlink(missing_ok=True)
    yield


def ended(number):
    @contextlib.contextmanager
    def fault(watched):
        with watched.without(number):
            yield
    return fault


@contextlib.contextmanager
def paused(watched):
    process = watched.process
    if watched.runs:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        watched.paused = process
    yield
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
    watched.paused = None


@contextlib.contextmanager
def hung_up(watched):
    for _ in range(0 if watched.down else 20):
        watched.process.send_signal(signal.SIGHUP)
    yield


def clients(attack):
    @contextlib.contextmanager
    def fault(watched):
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # it may be down
                stack.enter_context(attack(watched))
            yield
    return fault


@contextlib.contextmanager
def clock(watched):
    now = int(time.time())
    watched.calls.set_clock(watched.chance.choice((10 * DAY, -10 * DAY, -now, YEAR_2040 - now)))
    yield
    watched.calls.set_clock(0)


HOST_KINDS = {
    "disk is full": calls(lambda failing, _: failing.fail(WRITE, errno.ENOSPC)),
    "disk does not sync": calls(lambda failing, _: failing.fail(SYNC, errno.EIO)),
    "disk does not read": calls(lambda failing, _: failing.fail(READ, errno.EIO), hides=True),
    "disk is read-only": calls(lambda failing, _: failing.fail(WRITE | OPEN | TRUNCATE | UNLINK, errno.EROFS), hides=True),
    "some calls of the disk fail": calls(some_fail, hides=True),
    "disk is slow": calls(lambda failing, _: failing.delay(WRITE | SYNC, 30)),
    "files may not grow": limited(resource.RLIMIT_FSIZE, lambda process: 512),
    "a bit of the cache flips": damaged(flip),
    "the cache is cut": damaged(cut),
    "the cache is gone at the start": damaged(lambda files, _: [path.unlink() for path in files]),
    "the cache is removed": removed,
    "killed": ended(signal.SIGKILL),
    "ended": ended(signal.SIGTERM),
    "crashed": ended(signal.SIGKILL if IS_SANITIZED else signal.SIGSEGV),  # a sanitizer takes that for itself
    "paused": paused,
    "hung up": hung_up,
    "clients send garbage": clients(lambda watched: hostile.crowd(watched, CROWD, hostile.GARBAGE, hostile.GARBAGE)),
    "clients send halves": clients(lambda watched: hostile.crowd(watched, CROWD, hostile.HALF_FRAME, hostile.HALF_REQUEST)),
    "clients do not read": clients(hostile.slow_readers),
    "clients are many": clients(lambda watched: hostile.crowd(watched, 5 * CROWD)),
    "descriptors run out": limited(resource.RLIMIT_NOFILE, open_descriptors, narrows=True),
    "accept fails": calls(lambda failing, chance: failing.fail(ACCEPT, chance.choice((errno.EMFILE, errno.ENFILE, errno.ENOMEM)), times=10), narrows=True),
    "the clock jumps": clock,
}
