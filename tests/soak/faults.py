"""What goes wrong in a soak, kind by kind, and in which order.

A kind is a context manager: what is in it happens while the fault lasts, and the end of it undoes the fault. It may
yield something to tell.
"""
import contextlib
import errno
import os
import random
import signal
import threading

import hostile
from failing_calls import SYNC, WRITE
from harness import eventually
from installation import CALM, OTHER


def http(status, headers=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + headers + b"Content-Length: 0\r\n\r\n"


def proxy(**how):
    @contextlib.contextmanager
    def fault(soak):
        soak.installation.proxy.set(**how)
        try:
            yield
        finally:
            soak.installation.proxy.set()
            soak.installation.proxy.cut()  # what is half sent does not become whole
    return fault


@contextlib.contextmanager
def refused(soak):
    soak.installation.proxy.refuse()
    try:
        yield
    finally:
        soak.installation.proxy.open()


@contextlib.contextmanager
def cut(soak):
    """Every connection to the store ends, again and again."""
    ended = threading.Event()

    def again():
        while not ended.wait(0.3):
            soak.installation.proxy.cut()
    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def store_killed(soak):
    store = soak.installation.store
    store.program.kill()
    try:
        yield
    finally:
        store.start()
        soak.figures.restarted("store")


@contextlib.contextmanager
def store_stopped(soak):
    process = soak.installation.store.program.process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def daemon_killed(soak):
    """Comes back while the store cannot be reached: what it answers then is from its cache."""
    installation = soak.installation
    in_force = soak.ledger.newest
    with refused(soak):
        cached = installation.kill_daemon()
        soak.ledger.restarted_from(cached)
        if cached < soak.settled:
            soak.tally.fail(f"the cache had revision {cached}, and {soak.settled} was in force for long")
        soak.pause(1)  # in which only memory answers
        installation.restart_daemon()
        soak.figures.restarted("daemon")
        answered = installation.daemon.environment()
        if (answered["source"], answered["revision"]) != ("cache", cached):
            soak.tally.fail(f"the restarted daemon has {answered}, not revision {cached} of its cache")
        yield f"cache {in_force - cached} behind the store"


def reload(soak, text, result):
    installation = soak.installation
    before = installation.reload_counts(result)
    installation.config.write_text(text)
    installation.daemon.program.process.send_signal(signal.SIGHUP)
    eventually(lambda: installation.reload_counts(result) > before, f"the reload is {result}")


@contextlib.contextmanager
def good_configuration(soak):
    """Other rules of who may connect, too: what is mapped is mapped anew."""
    reload(soak, OTHER.format(uid=os.getuid()), "applied")
    try:
        yield
    finally:
        reload(soak, CALM, "applied")


@contextlib.contextmanager
def bad_configuration(soak):
    for text in ("nonsense: [", "workers: many\n", "peers:\n  environments: {'user:nobody-of-this-name': x}\n"):
        reload(soak, text, "refused")
    try:
        yield
    finally:
        reload(soak, CALM, "applied")


@contextlib.contextmanager
def disk_full(soak):
    calls = soak.installation.calls
    calls.fail(WRITE, errno.ENOSPC)
    try:
        eventually(lambda: calls.failed > 0 and not soak.installation.daemon.environment()["cache"]["ok"],
                   "the daemon says that it cannot write its cache")
        yield
    finally:
        calls.stop()


@contextlib.contextmanager
def disk_slow(soak):
    soak.installation.calls.delay(WRITE | SYNC, 150)
    try:
        yield
    finally:
        soak.installation.calls.stop()


def client(attack):
    @contextlib.contextmanager
    def fault(soak):
        with attack(soak.installation):
            yield
    return fault


RESTARTS = {"daemon killed": daemon_killed, "store killed": store_killed}
KINDS = {
    **RESTARTS,
    "store stopped": store_stopped,
    "link refused": refused,
    "link cut": cut,
    "link black hole": proxy(blackhole=True),
    "link slow": proxy(latency=0.4),
    "link drips": proxy(rate=300),
    "link truncates": proxy(truncate_after=200),
    "link answers 500": proxy(garbage=http(b"500 X")),
    "link answers 429": proxy(garbage=http(b"429 X", b"Retry-After: 1\r\n")),
    "link answers garbage": proxy(garbage=b"\x16\x03\x01\x00 not HTTP \xff\xfe\r\n\r\n"),
    "good configuration": good_configuration,
    "bad configuration": bad_configuration,
    "half requests": client(hostile.halves),
    "slow readers": client(hostile.slow_readers),
    "garbage from clients": client(hostile.garbage),
    "many connections": client(hostile.many),
    "disk full": disk_full,
    "disk slow": disk_slow,
}


class Schedule:
    """All kinds in random order, then all again; in the second half none that restarts a process, so that each has one
    life over half of the run, which is what its figures are looked at in. The daemon is killed first, so that the
    shortest run has that."""

    def __init__(self, seed):
        self.random = random.Random(f"faults {seed}")
        self.left = [kind for kind in KINDS if kind != "daemon killed"]
        self.random.shuffle(self.left)
        self.left.append("daemon killed")  # they are taken from the end

    def next(self, is_second_half):
        """(kind, how many seconds it lasts)"""
        while True:
            if not self.left:
                self.left = list(KINDS)
                self.random.shuffle(self.left)
            kind = self.left.pop()
            if not (is_second_half and kind in RESTARTS):
                return kind, self.random.uniform(3, 6)
