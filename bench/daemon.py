"""A pennond for benchmarks: started, told what it computed and holds, and ended."""
import http.client
import pathlib
import re
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """Of environment `bench`; `arguments` say where its flags are from. Ready when made. `log`: gets its lines."""

    def __init__(self, programs, directory, *arguments, log=None):
        self.socket = str(pathlib.Path(directory) / "pennon.sock")
        self.port = free_port()
        self.process = subprocess.Popen(
            [pathlib.Path(programs) / "pennond", "--environment", "bench", "--workers", "1", "--http-port",
             str(self.port), "--socket-path", self.socket, "--log-level", "info" if log else "error", *map(str, arguments)],
            stderr=log, text=True)
        deadline = time.monotonic() + 30
        while not self.is_ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit("pennond does not become ready")
            time.sleep(0.01)

    def is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def nanos(self):
        """That it has computed."""
        return sum(int((task / "schedstat").read_text().split()[0])
                   for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir())

    def kib(self, what):
        """A line of its /proc/PID/status: RssAnon, VmHWM, …"""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", text, re.M)[1])

    def stop(self):
        self.process.terminate()
        self.process.wait()
