"""Real processes for the end-to-end tests: a store, a daemon, and ways to ask them.

PENNON_BIN names the folder with pennond, pennon-store and pennon. Nothing sleeps for luck: `eventually`
asks until something is so, and gives up after a time that only a broken build takes.
"""
import functools
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from ports import free_port  # noqa: F401

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PENNON_BIN", ROOT / "build" / "dev" / "bin"))
GIVE_UP_SECONDS = int(os.environ.get("PENNON_GIVE_UP_SECONDS", 60))


def eventually(condition, what):
    """The first true value of `condition`; `what` names it, or is called to say more at a failure."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.005)
    raise AssertionError(f"never happened: {what() if callable(what) else what}")


def open_bug(reason):
    """A test that shows a fault of the product which is not mended yet. When it passes, take this away."""
    def mark(test):
        @functools.wraps(test)
        def run(self):
            try:
                test(self)
            except AssertionError:
                raise unittest.SkipTest("open bug: " + reason) from None
            self.fail("passes, though it is marked as an open bug: " + reason)
        return run
    return mark


class Progress:
    """Tells how far a long test is, now and then and at its end, each time on a line of its own."""
    every_seconds = 15

    def __init__(self):
        self.told = time.monotonic()

    def __call__(self, text):
        if time.monotonic() - self.told > self.every_seconds:
            self.told = time.monotonic()
            print(f"\n    so far {text}", flush=True)

    @staticmethod
    def end(text):
        print(f"\n    {text}", flush=True)


class UnixHttpConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(connection, method, path, body=None, headers=None):
    """One request on a connection of its own: (status, headers, body)."""
    data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
    sent = {"Content-Type": "application/json"} if data is not None else {}
    try:
        connection.request(method, path, body=data, headers={**sent, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Program:
    """A child process with its standard error in a file."""

    own_session = False  # True: Ctrl-C at the terminal is for the test alone, which then ends its programs itself

    def __init__(self, directory, name, arguments):
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=log,
                                            start_new_session=self.own_session)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        return self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=GIVE_UP_SECONDS)
        finally:
            self.kill()

    def end(self):
        """How a test leaves a program that it did not kill: drained, without a sanitizer's word."""
        status = self.terminate() if self.process.poll() is None else self.process.returncode
        assert status in (0, -signal.SIGKILL), f"ended with {status}: {self.log}"

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")


class Postgres:
    """A PostgreSQL server of the test's own; `address` is what a store takes."""

    def __init__(self, fsync="off"):
        self.process = subprocess.Popen(
            [ROOT / "tests" / "support" / "with-postgres", "sh", "-c",
             "echo $PENNON_TEST_POSTGRES; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "PENNON_TEST_FSYNC": fsync})
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("postgres://"), "PostgreSQL did not start"

    def end(self):
        self.process.stdin.close()  # ends the command, and the server with it
        self.process.stdout.close()
        self.process.wait()


class Store:
    """A pennon-store with the environment `production`, over a SQLite file of its own or the database given.

    A `twin` of another store shares its database and its keys.
    """

    def __init__(self, directory, document=ROOT / "config" / "example-flags.json", database=None, twin=None,
                 tls=None, arguments=()):
        self.directory = pathlib.Path(directory)
        self.tls = tls
        self.arguments = list(arguments)
        if tls is not None:
            self.arguments += ["--tls-certificate-file", tls[0], "--tls-key-file", tls[1]]
        self.port = free_port()
        self.database = database or self.directory / "store.db"
        self.name = "store"
        if twin is not None:
            self.database, self.token, self.key_file = twin.database, twin.token, twin.key_file
            self.name = "twin"
            return self.start()
        self.key_file = str(self.directory / "sync-key")
        self.command("init", "--token-file", str(self.directory / "admin-token"))
        self.command("import", str(document), "--sync-key-file", self.key_file)
        self.token = (self.directory / "admin-token").read_text().strip()
        self.start()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"

    def command(self, *arguments):
        return subprocess.run([BIN / "pennon-store", "--database", self.database, *arguments],
                              check=True, capture_output=True, text=True).stdout

    def start(self):
        self.program = Program(self.directory, self.name, [
            BIN / "pennon-store", "serve", "--database", self.database,
            "--listen-port", str(self.port), "--limits-api-rate", "0", *self.arguments])
        eventually(self.is_up, "the store is up: " + self.program.log)

    def is_listening(self):
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def is_up(self):
        try:
            return request(self.connection(), "GET", "/readyz")[0] == 200
        except OSError:
            return False

    def connection(self):
        if self.tls is not None:
            context = ssl.create_default_context(cafile=str(self.tls[0]))
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def api(self, method, path, body=None, headers=None):
        """A change is made for what is there, whatever it is, unless the headers say otherwise."""
        status, _, answer = request(self.connection(), method, "/api/v1" + path, body,
                                    {"Authorization": "Bearer " + self.token, "If-Match": "*",
                                     **(headers or {})})
        return status, json.loads(answer) if answer else None

    def configure(self, flag, configuration):
        status, answer = self.api("PUT", f"/environments/production/flags/{flag}", configuration)
        assert status == 200, answer
        return answer["revision"]


class Daemon:
    """A pennond with cache, socket and loopback port in `directory`."""

    def __init__(self, directory, store=None, arguments=(), wrap=(), wait=True):
        self.directory = pathlib.Path(directory)
        self.wrap = wrap  # a command that runs the one behind it
        self.socket = str(self.directory / "pennon.sock")
        self.cache = str(self.directory / "cache.db")
        self.arguments = []
        if store is not None:
            self.arguments += ["--upstream-url", store.url, "--upstream-key-file", store.key_file,
                               "--upstream-poll-interval", "100ms", "--upstream-retry-max", "200ms",
                               "--upstream-stale-after", "2s"]
        self.arguments += arguments  # the last of a flag counts
        self.program = None
        self.start(wait)

    def start(self, wait=True):
        self.program = Program(self.directory, "daemon", [
            *self.wrap, BIN / "pennond", "--environment", "production", "--cache-path", self.cache,
            "--socket-path", self.socket, "--http-port", "0", *self.arguments])
        if wait:
            eventually(self.is_up, "the daemon is up: " + self.program.log)

    def is_up(self):
        if self.program.process.poll() is not None:
            raise AssertionError("the daemon has ended: " + self.program.log)
        try:
            return self.get("/livez")[0] == 200
        except OSError:
            return False

    def get(self, path):
        return request(UnixHttpConnection(self.socket), "GET", path)

    def status(self):
        return json.loads(self.get("/status")[2])

    def environment(self):
        return self.status()["environments"][0]

    def writes(self):
        """How many flag sets the cache has written."""
        return int(float(self.get("/metrics")[2].decode().split("\npennon_cache_writes_total ")[1].split("\n")[0]))

    def wait_written(self, times):
        eventually(lambda: self.writes() >= times, f"{times} sets are in the cache")

    def http_address(self):
        for listener in self.status()["listeners"]:
            if listener["name"] == "http":
                host, port = listener["address"].rsplit(":", 1)
                return host, int(port)
        raise AssertionError("no loopback listener")

    def evaluate(self, body):
        status, _, answer = request(UnixHttpConnection(self.socket), "POST", "/evaluate", body)
        assert status == 200, answer
        return json.loads(answer)

    def flag(self, key, context=None, default=None):
        body = {"context": context or {}, "flag": key}
        if default is not None:
            body["default"] = default
        answer = self.evaluate(body)
        return {**answer, **answer["evaluations"][key]}


class EndToEndTest(unittest.TestCase):
    """A test with a directory of its own; what it started is ended with it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="pennon-e2e-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def folder(self, name):
        path = pathlib.Path(self.directory) / name
        path.mkdir(exist_ok=True)
        return path

    def start_store(self, **options):
        store = Store(self.folder("store"), **options)
        self.addCleanup(lambda: store.program.end())
        return store

    def start_daemon(self, store=None, arguments=(), name="daemon", wrap=(), wait=True):
        daemon = Daemon(self.folder(name), store, arguments, wrap, wait)
        self.addCleanup(lambda: daemon.program.end())
        return daemon
