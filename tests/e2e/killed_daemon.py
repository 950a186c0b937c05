"""A daemon that is killed again and again while it syncs, and what its cache must have after each kill.

The upstream is the daemon's own, and holds a set back until it is known what the daemon has served without it.
"""
import json
import os
import pathlib
import random
import re
import selectors
import socket
import subprocess
import sys
import threading
import time

from harness import BIN, GIVE_UP_SECONDS, ROOT, UnixHttpConnection, request

sys.path.insert(0, str(ROOT / "tests" / "support"))
from raw_upstream import RawUpstream, answer  # noqa: E402

FLAGS = 60
BEGIN = re.compile(r'event="cache transaction begins" revision=(\d+)')
END = re.compile(r'event="cache transaction ended" revision=(\d+)')
CACHED = re.compile(r'event="flag set in force".* source=cache epoch=\d+ revision=(\d+)')
LISTENS = re.compile("event=listening")
LONGEST_LIFE = 0.25  # seconds, of one that ends at any moment


def flags(revision):
    """All change with each revision, so that a mixture of two shows."""
    return {f"flag-{number}": {"type": "integer", "variants": [{"key": "v", "value": revision}],
                               "default": {"variant": "v"}, "metadata": {"note": "n" * 200}} for number in range(FLAGS)}


def has_ended(connection):
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except OSError as error:
        return not isinstance(error, BlockingIOError)


class Life:
    """One process, from its start to its kill; its log comes through a pipe, so its order is that of what was done."""

    def __init__(self, arguments):
        self.log = ""
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.pipe = self.process.stderr.fileno()
        os.set_blocking(self.pipe, False)

    def read(self, seconds):
        """False at the end."""
        with selectors.PollSelector() as selector:
            selector.register(self.pipe, selectors.EVENT_READ)
            if not selector.select(seconds):
                return True
        piece = os.read(self.pipe, 1 << 16)
        self.log += piece.decode(errors="replace")
        return bool(piece)

    def wait_for(self, line):
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not (found := line.search(self.log)):
            assert time.monotonic() < deadline and self.read(0.1), f"no {line.pattern}: {self.log}"
        return found

    def kill(self):
        self.process.kill()
        status = self.process.wait()
        while self.read(0):
            pass
        self.process.stderr.close()
        assert status == -9, f"ended by itself with {status}: {self.log}"


class KilledDaemon:
    def __init__(self, directory, seed):
        self.chance = random.Random(seed)
        self.upstream = RawUpstream(os.path.join(directory, "upstream"))
        self.upstream.fault = self.answer
        self.may_answer = threading.Event()
        self.asked = []    # (connection, request), of this life and perhaps of one before
        self.socket = os.path.join(directory, "s")
        self.arguments = [BIN / "pennond", "--environment", "production", "--cache-path", os.path.join(directory, "cache.db"),
                          "--socket-path", self.socket, "--http-enabled", "false", "--workers", "1", "--log-level", "debug",
                          "--upstream-url", self.upstream.url, "--upstream-key-file", self.upstream.key_file,
                          "--upstream-stream", "false"]
        self.published = 0
        self.kept = 0      # surely in the cache
        self.begun = 0     # perhaps
        self.span = 0.005  # of the wait between the begin of a transaction and the kill

    def answer(self, connection, asked):
        self.asked.append((connection, asked))
        self.may_answer.wait()
        self.upstream.requests.clear()
        self.upstream.connections.clear()
        connection.sendall(answer(200, self.upstream.document, [("ETag", self.upstream.tag)]))
        return True

    def cycle(self):
        """One start and one kill; true when the kill fell inside a transaction of the cache."""
        self.published += 1
        self.upstream.publish(self.published, flags(self.published))
        self.may_answer.clear()
        self.asked.clear()
        life = Life(self.arguments)
        is_aimed = self.chance.randrange(3) > 0
        if is_aimed:
            self.check_served(life)
        self.may_answer.set()
        if is_aimed:
            life.wait_for(BEGIN)
            time.sleep(self.chance.uniform(0, self.span))
        else:
            time.sleep(self.chance.uniform(0, LONGEST_LIFE))
        life.kill()
        is_inside = self.take_over(life.log)
        if is_aimed:  # about half of these waits end inside a transaction, whatever the disk
            self.span = min(max(self.span * (1.25 if is_inside else 0.8), 0.00001), 0.1)
        return is_inside

    def check_served(self, life):
        """What a start finds is old or new, and whole."""
        life.wait_for(LISTENS)
        status, _, body = request(UnixHttpConnection(self.socket), "POST", "/evaluate", {"context": {}})
        evaluations = json.loads(body)["evaluations"] if status == 200 else {}
        found = json.loads(body).get("revision", 0)
        assert self.kept <= found <= self.begun, f"revision {found} after {self.kept} was kept: {life.log}"
        if found:
            assert {one["value"] for one in evaluations.values()} == {found}, f"of revision {found}: {body}"
            assert len(evaluations) == FLAGS, body
        # What it asks with is of what it serves: had the mark moved first, it would miss a set for ever.
        expected = f"/sync/v1/flagset?since=1.{found}" if found else "/sync/v1/flagset"
        first = self.first_asked()
        assert first.path == expected and "if-none-match" not in first.headers, f"{first} of one that serves {found}: {life.log}"

    def first_asked(self):
        """The first request of the process that lives: of a killed one, a request may be read late."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            for connection, asked in list(self.asked):
                if not has_ended(connection):
                    return asked
            time.sleep(0.001)
        raise AssertionError("it does not ask its upstream")

    def take_over(self, log):
        """Notes what the log of a life says; true when its last transaction had not ended."""
        assert "aside" not in log and "refused" not in log, log
        if cached := CACHED.search(log):
            assert self.kept <= int(cached[1]) <= self.begun, f"{cached[1]} after {self.kept} was kept: {log}"
            self.kept = self.begun = int(cached[1])
        begins, ends = BEGIN.findall(log), END.findall(log)
        if begins:
            self.begun = int(begins[-1])
        if ends:
            self.kept = int(ends[-1])
        return len(begins) > len(ends)


def kill_again_and_again(directory, seed, kills, tally, index, failures):
    """The body of one process of the test: `tally` gets how many kills there were, and how many inside, at `index`."""
    try:
        pathlib.Path(directory).mkdir()
        daemon = KilledDaemon(directory, seed)
        for _ in range(kills):
            tally[2 * index + 1] += daemon.cycle()
            tally[2 * index] += 1
    except Exception as failure:  # told by the test
        failures.put(f"of {directory}, after {tally[2 * index]} kills: {failure!r:.20000}")
        raise
