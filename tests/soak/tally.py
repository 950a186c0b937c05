"""What a soak has counted: evaluations by way, how slow the slowest was, and what went wrong."""
import collections
import threading

KEPT = 20  # failures whose text is kept; all are counted


class Way:
    def __init__(self):
        self.evaluations = 0
        self.retried = 0  # of them, those that met a daemon that was down
        self.slowest = 0.0  # seconds, of those that were not retried


class Tally:
    def __init__(self, say):
        self.ways = collections.defaultdict(Way)
        self.faults = collections.Counter()
        self.recoveries = collections.defaultdict(list)
        self.changes = 0
        self.lost_changes = 0  # whose maker was not answered, and that the store did not make
        self.failed = 0
        self.failures = []
        self.say = say
        self.lock = threading.Lock()

    def answered(self, way, count, seconds, retried=False):
        with self.lock:
            one = self.ways[way]
            one.evaluations += count
            if retried:
                one.retried += count
            else:
                one.slowest = max(one.slowest, seconds)

    def fail(self, text):
        with self.lock:
            self.failed += 1
            if len(self.failures) < KEPT:
                self.failures.append(text)
                self.say(f"FAILED  {text}")
