"""A pennon-store for benchmarks, on a SQLite file of its own, and what a durable commit costs beside it."""
import http.client
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import time

EXAMPLE = pathlib.Path(__file__).resolve().parents[1] / "config" / "example-flags.json"


class Store:
    """With the flags of `document`. Ready when made. `token` and `key` are an administrator's and a daemon's."""

    def __init__(self, programs, directory, document=EXAMPLE, arguments=()):
        run = [programs / "pennon-store", "--database", os.path.join(directory, "store.db")]
        self.key_file = os.path.join(directory, "key")
        subprocess.run([*run, "init", "--token-file", os.path.join(directory, "token")], check=True, capture_output=True)
        subprocess.run([*run, "import", document, "--sync-key-file", self.key_file], check=True, capture_output=True)
        self.token, self.key = (pathlib.Path(directory, name).read_text().strip() for name in ("token", "key"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen([*run, "serve", "--listen-port", str(self.port), "--log-level", "off",
                                         "--limits-api-rate", "0", *arguments])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        while True:
            try:
                self.connection.request("GET", "/readyz")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                time.sleep(0.01)

    def end(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, method, path, body=None):
        """Seconds from request to answer."""
        begin = time.perf_counter()
        self.connection.request(method, path, body=body and json.dumps(body),
                                headers={"Authorization": "Bearer " + self.token, "If-Match": "*"})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201), text
        return time.perf_counter() - begin


class DurableCommit:
    """One row committed as the store does it."""

    def __init__(self, directory):
        self.database = sqlite3.connect(os.path.join(directory, "floor.db"), isolation_level=None)
        self.database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (text TEXT)")

    def seconds(self, _=None):
        begin = time.perf_counter()
        self.database.execute("INSERT INTO t VALUES (?)", ("x" * 1000,))
        return time.perf_counter() - begin
