"""Ours, from this repository's release build: what every ratio is of."""
import pathlib
import re
import subprocess
import time
import urllib.request

from peer import Peer, version_of
from server import Failed, Server, free_port

RELEASE = pathlib.Path(__file__).resolve().parents[2] / "build" / "release"


def definition(flag):
    written = {"type": "boolean", "variants": [{"key": "on", "value": True}, {"key": "no", "value": False}],
               "salt": flag.key, "enabled": True, "offVariant": "no"}
    if flag.kind == "static":
        return {**written, "default": {"variant": "on" if flag.is_on else "no"}}
    region = {"attr": "region", "op": "in", "values": flag.regions}
    if flag.kind == "one":
        return {**written, "rules": [{"id": "region", "when": region, "serve": {"variant": "on"}}],
                "default": {"variant": "no"}}
    when = {"all": [{"attr": "tier", "op": "in", "values": flag.tiers},
                    {"attr": "score", "op": "ge", "values": [flag.score]},
                    {"any": [{"attr": "role", "op": "in", "values": [flag.role]}, region]}]}
    return {**written, "rules": [{"id": "nested", "when": when, "serve": {"variant": "on"}}],
            "default": {"split": {"weights": [{"variant": "on", "weight": 25}, {"variant": "no", "weight": 75}]}}}


def document(flags):
    return {"environment": "bench", "flags": {flag.key: definition(flag) for flag in flags}}


class Pennond(Peer):
    name = "pennond"
    can = frozenset(["single", "bulk", "unix", "cold"])
    document = staticmethod(document)

    def find(self):
        return str(RELEASE / "bin" / "pennond")

    def version(self):
        return version_of(self.program, "--version").removeprefix("pennond ")

    def command(self, directory, port, socket):
        return [self.program, "--environment", "bench", "--bootstrap-file", directory / self.file, "--cache-path", "",
                *self._common(directory, port, socket)]

    def prepare_cold(self, directory, flags):
        """A store has the flags, a daemon follows it until they are in its cache, and the store is gone."""
        self.write(directory, flags)
        store = [str(RELEASE / "bin" / "pennon-store"), "--database", directory / "store.db"]
        subprocess.run([*store, "init", "--token-file", directory / "token"], check=True, capture_output=True)
        subprocess.run([*store, "import", directory / self.file, "--sync-key-file", directory / "key"], check=True,
                       capture_output=True)
        self.store_port = free_port()
        serving = Server(self, [*store, "serve", "--listen-port", str(self.store_port), "--log-level", "error"], directory,
                         self.store_port)
        port = free_port()
        following = Server(self, self.cold_command(directory, port), directory, port)
        try:
            following.wait(flags[0])
            wait_for_cache(following)
        finally:
            following.stop()
            serving.stop()

    def cold_command(self, directory, port):
        return [self.program, "--environment", "bench", "--upstream-url", f"http://127.0.0.1:{self.store_port}",
                "--upstream-key-file", directory / "key", "--cache-path", directory / "cache.db",
                *self._common(directory, port, None)]

    @staticmethod
    def _common(directory, port, socket):
        return ["--workers", "1", "--http-port", str(port), "--socket-path", socket or directory / "p.sock",
                "--log-level", "error"]


def wait_for_cache(server):
    """Until a set is in it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
            if re.search(r"^pennon_cache_writes_total [1-9]", answer.read().decode(), re.M):
                return
        time.sleep(0.1)
    raise Failed("pennond does not fill its cache")
