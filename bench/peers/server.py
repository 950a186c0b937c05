"""A peer that runs: started on one processor, asked, told what it computed and holds, and ended."""
import http.client
import json
import os
import pathlib
import socket
import subprocess
import time

PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_ON, LOAD_ON = PROCESSORS[0], PROCESSORS[-1]
START_SECONDS = 90  # some parse 10,000 flags for long
STOP_SECONDS = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Failed(Exception):
    """A peer did not start or did not answer; says how."""


class Server:
    """`wait` says when it answers. `socket`: it listens there and not on the port.
    `schedule`: what its command begins with."""

    running = []  # to be ended at the end, also at Ctrl-C

    def __init__(self, peer, command, directory, port, socket_path=None, schedule=()):
        self.peer, self.port, self.socket = peer, port, socket_path
        self.log = pathlib.Path(directory) / f"log-{port}"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*schedule, "taskset", "-c", str(SERVER_ON), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=directory, env={**os.environ, **peer.environment()})
        Server.running.append(self)

    def ask(self, path, body):
        """Status and what the JSON says; 0 while nothing listens."""
        connection = (UnixConnection(self.socket) if self.socket
                      else http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **self.peer.headers})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()

    def wait(self, flag, context=None):
        """Until it answers for this flag with 200."""
        context = context or {"targetingKey": "a", "tier": "free", "role": "guest", "region": "region-00", "score": 1}
        asked = self.peer.single(flag, context) if "single" in self.peer.can else self.peer.bulk(context)
        deadline = time.monotonic() + START_SECONDS
        while self.ask(*asked)[0] != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                last = self.log.read_text(errors="replace").strip().split("\n")[-1][:200]
                raise Failed(f"{self.peer.name} does not answer: {last}")
            time.sleep(0.02)
        return self

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def nanos(self):
        """That it and its children have computed, ended threads included: the kernel's clock of a process."""
        return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in self.pids())

    def resident(self):
        """Bytes of memory that it holds."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        if self in Server.running:
            Server.running.remove(self)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stop_all():
    for server in list(Server.running):
        server.stop()
