"""Ours, from this repository's release build: what every ratio is of."""
import json
import pathlib
import subprocess
import time

from peer import Peer, version_of
from server import Server, free_port

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


class Pennond(Peer):
    name = "pennond"
    can = frozenset(["single", "bulk", "unix", "cold"])

    def find(self):
        return str(RELEASE / "bin" / "pennond")

    def version(self):
        return version_of(self.program, "--version")

    def write(self, directory, flags):
        (directory / "flags.json").write_text(json.dumps(
            {"environment": "bench", "flags": {flag.key: definition(flag) for flag in flags}}))

    def command(self, directory, port, socket):
        return [self.program, "--environment", "bench", "--bootstrap-file", directory / "flags.json", "--cache-path", "",
                *self._common(directory, port, socket)]

    def prepare_cold(self, directory, flags):
        """A daemon that follows the flags as a file has them in its cache afterwards."""
        self.write(directory, flags)
        port = free_port()
        following = Server(self, [self.program, "--environment", "bench", "--upstream-kind", "file", "--upstream-file",
                                  directory / "flags.json", "--cache-path", directory / "cache.db",
                                  *self._common(directory, port, None)], directory, port)
        try:
            following.wait(flags[0])
            deadline = time.monotonic() + 30
            while not (directory / "cache.db").exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            time.sleep(1)
        finally:
            following.stop()

    def cold_command(self, directory, port):
        dead = f"http://127.0.0.1:{free_port()}"
        key = directory / "key"
        key.write_text("k" * 40)
        key.chmod(0o600)
        return [self.program, "--environment", "bench", "--upstream-url", dead, "--upstream-key-file", key,
                "--cache-path", directory / "cache.db", *self._common(directory, port, None)]

    @staticmethod
    def _common(directory, port, socket):
        return ["--workers", "1", "--http-port", str(port), "--socket-path", socket or directory / "p.sock",
                "--log-level", "error"]


def ask(mode, target, questions, count):
    """What the program `waits` found, with the answers of its first pass as a list of booleans."""
    done = subprocess.run([RELEASE / "bench" / "waits", mode, str(target), questions, str(count)],
                          check=True, capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout)
    found["answers"] = [answer == "1" for answer in found["answers"]]
    return found
