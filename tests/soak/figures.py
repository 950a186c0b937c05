"""What processes hold - memory, descriptors, threads, logs of databases - and whether that grows.

A line is laid through the samples by least squares; what it says the figure has grown by, from the beginning of its
window to the end, must be within a tolerance. The window is the second two thirds of the run, or what is left of it
since the process was started last and has settled. Only samples of calm moments count: none while a fault lasts or is
being recovered from, because what a crowd of connections holds is no growth.
"""
import collections
import os
import pathlib
import re
import threading
import time

MIB = 1 << 20
SETTLE = 10  # seconds after a start in which a process takes what it needs for its first answers
FEWEST = 5  # samples for a slope

Figure = collections.namedtuple("Figure", "process name unit tolerance")

# Memory: SQLite's page cache is 2 MiB for each connection and fills in its own time, and the allocator keeps what a
# crowd once needed; a lost flag set, or 100 bytes lost with each evaluation, is far more than that within an hour.
# Logs: SQLite begins its log again from the front after 1000 pages, 4 MiB; it grows to that once and stays.
# Descriptors and threads are whole numbers that come back to the same one: less than one and a half, less than one.
FIGURES = [
    Figure("daemon", "anonymous memory", "KiB", 4 * MIB / 1024),
    Figure("daemon", "shared memory", "KiB", 2 * MIB / 1024),
    Figure("daemon", "descriptors", "", 1.5),
    Figure("daemon", "threads", "", 0.9),
    Figure("daemon", "log of the cache", "KiB", 4.5 * MIB / 1024),
    Figure("store", "anonymous memory", "KiB", 4 * MIB / 1024),
    Figure("store", "descriptors", "", 1.5),
    Figure("store", "threads", "", 0.9),
    Figure("store", "log of the database", "KiB", 4.5 * MIB / 1024),
]

Line = collections.namedtuple("Line", "begin end slope seconds")


def line(points):
    """The line of least squares through [(seconds, value)]; None for too few."""
    if len(points) < FEWEST:
        return None
    mean_time = sum(at for at, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    spread = sum((at - mean_time) ** 2 for at, _ in points)
    slope = sum((at - mean_time) * (value - mean) for at, value in points) / spread
    first, last = points[0][0], points[-1][0]
    return Line(mean + slope * (first - mean_time), mean + slope * (last - mean_time), slope, last - first)


def held(pid, log):
    """{name: value} of a process, with the log of its database."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    number = lambda name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1])
    return {"anonymous memory": number("RssAnon"), "shared memory": number("RssShmem"), "threads": number("Threads"),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "log of the cache" if "cache" in log else "log of the database":
                os.path.getsize(log) / 1024 if os.path.exists(log) else 0}


class Figures(threading.Thread):
    def __init__(self, installation, every):
        super().__init__(daemon=True)
        self.installation, self.every = installation, every
        self.began = time.monotonic()
        self.starts = {"daemon": 0, "store": 0}
        self.calm = threading.Event()
        self.ended = threading.Event()
        self.points = collections.defaultdict(list)  # of calm moments, by (process, name)
        self.highest = collections.Counter()

    def run(self):
        while not self.ended.wait(self.every):
            self.sample()

    def sample(self):
        was_calm = self.calm.is_set()
        at = time.monotonic() - self.began
        logs = {"daemon": self.installation.daemon.cache + "-wal", "store": str(self.installation.store.database) + "-wal"}
        for process, pid in self.installation.pids.items():
            try:
                values = held(pid, logs[process])
            except (OSError, TypeError):
                continue  # killed just now
            for name, value in values.items():
                self.highest[process, name] = max(self.highest[process, name], value)
                if was_calm and self.calm.is_set():
                    self.points[process, name].append((at, value))

    def restarted(self, process):
        self.starts[process] = time.monotonic() - self.began

    def line(self, figure, seconds):
        """Of a run that has lasted so long."""
        first = max(seconds / 3, self.starts[figure.process] + SETTLE)
        return line([point for point in self.points[figure.process, figure.name] if point[0] >= first])

    def end(self):
        self.ended.set()
        self.join()
