"""What revisions there have been, and whether an answer may be one of them.

Every answer names its revision, so it is compared with what that very revision says, however late it comes. A change
that is being made may be served before its maker hears of it, and one whose maker never hears (the store was killed)
may have been made or not: until that is asked, one revision beyond the newest is as good as it.
"""
import threading

import flag_set


class Wrong(Exception):
    """An answer that no revision gives."""


class Ledger:
    def __init__(self, epoch, revision):
        self.epoch = epoch
        self.states = {revision: flag_set.FIRST}
        self.newest = revision
        self.pending = None
        self.served_early = False  # the pending change has been seen in an answer
        self.floor = revision  # no answer may be older: the daemon had this one on disk when it was killed last
        self.restarts = 0
        self.shares = {}
        self.lock = threading.Lock()

    @property
    def state(self):
        return self.states[self.newest]

    def begin(self, state):
        with self.lock:
            self.pending, self.served_early = state, False

    def settle(self, revision):
        """The store says that this is its revision: the pending change is in it, or is lost."""
        with self.lock:
            if revision == self.newest + 1:
                self.states[revision], self.newest = self.pending, revision
            elif revision != self.newest:
                raise Wrong(f"the store is at revision {revision} after {self.newest} and one change")
            elif self.served_early:
                raise Wrong(f"revision {revision + 1} was served, and the store does not have it")
            self.pending = None

    def restarted_from(self, revision):
        """The daemon was killed, and comes back with this revision from its cache."""
        with self.lock:
            if revision < self.floor:
                raise Wrong(f"the cache has revision {revision}, and had {self.floor} before")
            self.floor = revision
            self.restarts += 1

    def check(self, revision, values, who):
        """`values` {flag: value} were answered to the context `who`, all from this revision."""
        with self.lock:
            if revision < self.floor:
                raise Wrong(f"revision {revision} after {self.floor} was in the cache")
            state = self.states.get(revision)
            if state is None:
                if revision != self.newest + 1 or self.pending is None:
                    raise Wrong(f"revision {revision}, and the newest is {self.newest}")
                state, self.served_early = self.pending, True
        for key, value in values.items():
            expected = flag_set.answer(state, self.shares, key, who)
            if value != expected or isinstance(value, bool) != isinstance(expected, bool):
                raise Wrong(f"{key} of revision {revision} is {value!r} to {who}, not {expected!r}")


class View:
    """The revisions that one reader sees: they only grow."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.last = 0
        self.steps_back = 0

    def check(self, revision, values, who, may_step_back=False):
        """A reader of mapped memory outlives daemons; each restart may take it back once, to what was in the cache."""
        self.ledger.check(revision, values, who)
        if revision < self.last:
            self.steps_back += 1
            if not may_step_back or self.steps_back > self.ledger.restarts:
                raise Wrong(f"revision {revision} after {self.last}")
        self.last = revision
