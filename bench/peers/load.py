"""Rounds of load on servers in turns, and what they cost the server."""
import json
import re
import statistics
import subprocess

import data
from loading import wrk_script
from pennond import RELEASE
from server import LOAD_ON, Failed

CONNECTIONS = 32
LIMIT_SECONDS = 60  # of one round, however long it was to take


def write_requests(file, rows):
    """Rows are pairs of a path and a body."""
    file.write_text("".join(f"{path}\t{data.padded(body)}\n" for path, body in rows))
    return file


def run(*command):
    try:
        return subprocess.run(["taskset", "-c", str(LOAD_ON), *map(str, command)], check=True, capture_output=True,
                              text=True, timeout=LIMIT_SECONDS).stdout
    except subprocess.CalledProcessError as error:
        raise Failed(f"{command[0]} ends with {error.returncode}: {(error.stderr or error.stdout).strip()[-200:]}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{command[0]} does not end within {LIMIT_SECONDS} s") from error


class Wrk:
    """Requests to one server over loopback; a round gives answers of a second of the server's own computing."""

    def __init__(self, server, directory, rows, seconds):
        self.server, self.seconds = server, seconds
        self.script = wrk_script(write_requests(directory / f"requests-{server.port}.txt", rows), 1,
                                 server.peer.headers.items())

    def round(self):
        before = self.server.nanos()
        output = run("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self.seconds}s", "--timeout", "30s", "-s", self.script,
                     f"http://127.0.0.1:{self.server.port}")
        spent = self.server.nanos() - before
        if "Non-2xx" in output or "Socket errors" in output:
            raise Failed(f"{self.server.peer.name} fails under load: {output.strip().splitlines()[-1]}")
        return int(re.search(r"(\d+) requests in", output)[1]) / spent * 1e9


class Waits:
    """One caller on a Unix socket that waits for each answer; a round gives what the program `waits` prints."""

    def __init__(self, way, target, requests, count, schedule=()):
        self.command = [*schedule, RELEASE / "bench" / "waits", way, str(target), requests, str(count)]

    def round(self):
        found = json.loads(run(*self.command))
        found["answers"] = [answer == "1" for answer in found["answers"]]
        return found


class HttpLoad:
    """As Wrk, on a Unix socket with 64 connections."""

    def __init__(self, server, requests, seconds):
        self.server, self.requests, self.seconds = server, requests, seconds

    def round(self):
        before = self.server.nanos()
        count = int(run(RELEASE / "bench" / "http_load", self.server.socket, self.requests, 64, self.seconds))
        return count / (self.server.nanos() - before) * 1e9


def interleave(loads, rounds):
    """Each of them once, and again; a list of rounds a name."""
    found = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            found[name].append(load.round())
    return found


def ratio(better, worse):
    """The median of the rounds' own ratios: what a round shares, a busy machine say, cancels out."""
    return statistics.median(b / w for b, w in zip(better, worse))
