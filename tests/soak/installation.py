"""The installation that is soaked: a store on SQLite, a proxy before it, and a daemon that follows the store through it."""
import collections
import errno
import json
import os
import pathlib
import shutil
import sqlite3

import flag_set
from failing_calls import FailingCalls
from fault_proxy import FaultProxy
from harness import Daemon, Store, eventually, free_port

Upstream = collections.namedtuple("Upstream", "url key_file")

# Short times, so that an hour has as many polls, reports and streams as a day otherwise has. A stream is silent for 15 s.
TIMES = {"upstream-poll-interval": "1s", "upstream-retry-max": "1s", "upstream-stale-after": "5s", "upstream-timeout": "5s",
         "upstream-connect-timeout": "2s", "upstream-stream-idle": "20s", "upstream-stream-max-age": "30s",
         "report-interval": "2s", "limits-message-timeout": "3s", "limits-write-timeout": "3s"}
# What a reader that does not read may cost is small beside what counts as growth (figures.py).
LIMITS = {"limits-output": "256KiB", "workers": "2"}

CALM = "log:\n  level: info\n"
OTHER = CALM + "limits:\n  drain_timeout: 4s\npeers:\n  environments: {{'uid:{uid}': production}}\n"


class Installation:
    def __init__(self, directory):
        self.store = self.daemon = None
        self.directory = pathlib.Path(directory)
        try:
            self.start()
        except BaseException:
            self.kill()
            raise

    def start(self):
        for name in ("store", "daemon", "copy"):
            (self.directory / name).mkdir()
        document = self.directory / "flags.json"
        document.write_text(json.dumps(flag_set.document()))
        self.store = Store(self.directory / "store", document=document)
        self.proxy = FaultProxy(self.store.port)
        self.calls = FailingCalls(self.directory)
        self.config = self.directory / "pennond.yaml"
        self.config.write_text(CALM)
        self.http = ("127.0.0.1", free_port())
        # Answers over sockets may fail while `is_down`, and on connections of an earlier `life` of the daemon.
        self.is_down = False
        self.life = 1
        self.daemon = Daemon(
            self.directory / "daemon", Upstream(f"http://127.0.0.1:{self.proxy.port}", self.store.key_file),
            ["--config", str(self.config), "--http-port", str(self.http[1]),
             *(word for name, value in (*TIMES.items(), *LIMITS.items()) for word in ("--" + name, value))],
            ["env", *(f"{name}={value}" for name, value in self.calls.environment.items())])
        eventually(lambda: self.daemon.environment()["source"] == "live", "the daemon has the store's set")

    @property
    def pids(self):
        return {"daemon": self.daemon.program.process.pid, "store": self.store.program.process.pid}

    def ended(self):
        """Says which program has ended, which none may by itself; "" when none has."""
        for name, one in (("the store", self.store), ("the daemon", self.daemon)):
            if one.program.process.poll() is not None:
                return f"{name} has ended with {one.program.process.returncode}: {one.program.log[-2000:]}"
        return ""

    def store_revision(self):
        """What the store says, or None while it does not answer."""
        try:
            status, body = self.store.api("GET", "/environments/production")
        except (OSError, ValueError):
            return None
        return body["revision"] if status == 200 else None

    def cached_revision(self):
        """The newest in a copy of the cache that the killed daemon has left."""
        copy = self.directory / "copy" / "cache.db"
        for suffix in ("", "-wal"):
            copy.with_name("cache.db" + suffix).unlink(missing_ok=True)
            if os.path.exists(self.daemon.cache + suffix):
                shutil.copyfile(self.daemon.cache + suffix, str(copy) + suffix)
        database = sqlite3.connect(copy)
        try:
            return database.execute("SELECT revision FROM generation ORDER BY id DESC LIMIT 1").fetchone()[0]
        finally:
            database.close()

    def kill_daemon(self):
        """The revision that it leaves in its cache."""
        self.is_down = True  # before it is so, and not so only after the next life has a number
        self.daemon.program.kill()
        return self.cached_revision()

    def restart_daemon(self):
        self.daemon.start()
        self.life += 1
        self.is_down = False

    def reload_counts(self, result):
        for line in self.daemon.get("/metrics")[2].decode().splitlines():
            if line.startswith(f'pennon_reloads_total{{result="{result}"}} '):
                return float(line.split()[-1])
        return 0

    def end(self):
        """Both stop as they should, and the store's log is whole."""
        self.calls.stop()
        self.daemon.program.end()
        self.store.program.end()
        self.proxy.refuse()
        self.store.command("verify")

    def kill(self):
        for one in (self.daemon, self.store):
            if one is not None:
                one.program.kill()
