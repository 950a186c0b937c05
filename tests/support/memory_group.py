"""A memory control group of the kernel, version 1 or 2, for programs of a test; root may make one."""
import os
import pathlib
import re

MOUNT = pathlib.Path("/sys/fs/cgroup")


class MemoryGroup:
    def __init__(self, name):
        """OSError where none can be made."""
        own = {kind: path for _, kind, path in (line.split(":", 2) for line in pathlib.Path("/proc/self/cgroup").read_text().split())}
        self.is_old = "memory" in own
        # Below the test's own, so that its limits hold as well; beside it in version 2, where only a leaf may have processes.
        beside = MOUNT / "memory" / own["memory"][1:] if self.is_old else (MOUNT / own[""][1:]).parent
        self.path = beside / f"{name}-{os.getpid()}"
        self.path.mkdir()
        try:  # what there is of swap would let it grow beyond its limit
            self.put("memory.swappiness" if self.is_old else "memory.swap.max", 0)
        except OSError:
            self.remove()
            raise

    def put(self, name, value):
        (self.path / name).write_text(str(value))

    def get(self, name):
        return (self.path / name).read_text()

    def wrap(self):
        """What a command begins with to run in it."""
        return ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$0" "$@"']

    def leave_room(self, size):
        """From now on it may have so much more than it has; the limit in bytes."""
        limit = int(self.get("memory.usage_in_bytes" if self.is_old else "memory.current")) + size
        self.limit(limit)
        return limit

    def limit(self, size=None):
        """None: it may have whatever it likes."""
        name, all_ = ("memory.limit_in_bytes", -1) if self.is_old else ("memory.max", "max")
        self.put(name, all_ if size is None else size)

    @property
    def met(self):
        """How often it has met its limit."""
        return int(self.get("memory.failcnt") if self.is_old else re.search(r"^max (\d+)", self.get("memory.events"), re.M)[1])

    @property
    def killed(self):
        """How many of its processes the kernel has ended to make room."""
        return int(re.search(r"^oom_kill (\d+)", self.get("memory.oom_control" if self.is_old else "memory.events"), re.M)[1])

    def remove(self):
        self.path.rmdir()
