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
# Descriptors, mappings and threads are counted and come back to the same number; a connection or an image that is just
# coming or going makes one more or less, which no slope may take for one more for good.
FIGURES = [
    Figure("daemon", "anonymous memory", "KiB", 4 * MIB / 1024),
    Figure("daemon", "descriptors", "", 1.5),
    Figure("daemon", "threads", "", 0.9),
    Figure("daemon", "log of the cache", "KiB", 4.5 * MIB / 1024),
    Figure("store", "anonymous memory", "KiB", 4 * MIB / 1024),
    Figure("store", "descriptors", "", 1.5),
    Figure("store", "threads", "", 0.9),
    Figure("store", "log of the database", "KiB", 4.5 * MIB / 1024),
    Figure("client", "mappings of flag sets", "", 1.5),
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


def held(pid):
    """{name: value} of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    number = lambda name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M)[1])
    return {"anonymous memory": number("RssAnon"), "threads": number("Threads"),
            "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


def size(path):
    return os.path.getsize(path) / 1024 if os.path.exists(path) else 0


class Figures(threading.Thread):
    def __init__(self, installation, every):
        super().__init__(daemon=True)
        self.installation, self.every = installation, every
        self.began = time.monotonic()
        self.starts = {"daemon": 0, "store": 0, "client": 0}
        self.calm = threading.Event()
        self.ended = threading.Event()
        self.points = collections.defaultdict(list)  # of calm moments, by (process, name)
        self.highest = collections.Counter()
        self.file = open(installation.directory / "samples.tsv", "w", buffering=1)  # for who looks into a growth

    def run(self):
        while not self.ended.wait(self.every):
            self.sample()

    def measure(self):
        """{(process, name): value} of now; nothing of a process that was killed just now."""
        values = {}
        for process, pid in self.installation.pids.items():
            try:
                values.update({(process, name): value for name, value in held(pid).items()})
            except (OSError, TypeError):
                continue
        values["daemon", "log of the cache"] = size(self.installation.daemon.cache + "-wal")
        values["store", "log of the database"] = size(f"{self.installation.store.database}-wal")
        # Clients map in this process.
        values["client", "mappings of flag sets"] = pathlib.Path("/proc/self/maps").read_text().count("memfd:pennon")
        return values

    def sample(self):
        was_calm = self.calm.is_set()
        at = time.monotonic() - self.began
        values = self.measure()
        is_calm = was_calm and self.calm.is_set()
        for which, value in values.items():
            print(f"{at:.1f}", *which, f"{value:.0f}", "calm" if is_calm else "fault", sep="\t", file=self.file)
            self.highest[which] = max(self.highest[which], value)
            if is_calm:
                self.points[which].append((at, value))

    def restarted(self, process):
        self.starts[process] = time.monotonic() - self.began

    def line(self, figure, seconds):
        """Of a run that has lasted so long."""
        first = max(seconds / 3, self.starts[figure.process] + SETTLE)
        return line([point for point in self.points[figure.process, figure.name] if point[0] >= first])

    def end(self):
        self.ended.set()
        self.join()
        self.file.close()
