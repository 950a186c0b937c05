"""kill -9 of the store, and of PostgreSQL below it, while changes are made: what was acknowledged is there, each
change has its audit entry, the revision never falls.

PENNON_KILLS_OF_STORE says how many times (10 unless told; `./test kill` takes more).
"""
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time

from harness import EndToEndTest, Postgres, Progress, eventually

KILLS = int(os.environ.get("PENNON_KILLS_OF_STORE", "10"))
FLAG = "/environments/production/flags/banner"


class Writer(threading.Thread):
    """Writes one number after the other into a flag and remembers what was acknowledged."""

    def __init__(self, store):
        super().__init__(daemon=True)
        self.store, self.running = store, True
        self.sent = 0
        self.kept = 0, 0  # the last that was acknowledged: its number and its revision
        self.failure = None

    @property
    def acknowledged(self):
        return self.kept[0]

    @property
    def revision(self):
        return self.kept[1]

    def run(self):
        while self.running:
            self.sent += 1
            try:
                status, answer = self.store.api("PATCH", FLAG, {"instructions": [{"kind": "setRollout", "weights": [
                    {"variant": "plain", "weight": self.sent}, {"variant": "sale", "weight": 1}]}]})
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.002)
                continue  # killed; whether it was made is not known
            if status == 200:
                if answer["revision"] <= self.revision:
                    self.failure = f"revision {answer['revision']} after {self.revision}"
                self.kept = self.sent, answer["revision"]
            elif status != 503:
                self.failure = answer


class StoreKillTest(EndToEndTest):
    def check_kept(self, store, acknowledged, revision):
        """(configuration, number in it) of the flag, in which everything acknowledged is."""
        config = eventually(lambda: self.read(store, FLAG), "the database is back")
        written = config["default"]["split"]["weights"][0]["weight"]
        self.assertGreaterEqual(written, acknowledged)
        self.assertGreaterEqual(config["revision"], revision)
        return config, written

    @staticmethod
    def read(store, path):
        """None while it starts, or has found no database: each of its connections makes that out for itself."""
        try:
            status, answer = store.api("GET", path)
        except (OSError, ValueError, http.client.HTTPException):
            return None
        return answer if status == 200 else None

    def check(self, store, writer):
        self.assertIsNone(writer.failure)
        config, written = self.check_kept(store, writer.acknowledged, writer.revision)
        entry = eventually(lambda: self.read(store, "/audit?kind=config&key=banner&limit=1"), "the log can be read")["entries"][0]
        self.assertEqual(entry["after"]["default"]["split"]["weights"][0]["weight"], written)
        self.assertEqual(entry["version"], config["version"])

    def kill_while_writing(self, store, kill, times=KILLS):
        chance = random.Random(20261123)
        writer = Writer(store)
        writer.start()
        progress = Progress()
        for number in range(times):
            progress(f"{number} kills, {writer.acknowledged} changes")
            begin = writer.acknowledged
            reached = begin + chance.randrange(1, 8)
            eventually(lambda: writer.acknowledged >= reached or writer.failure, lambda: store.program.log)
            self.assertIsNone(writer.failure)
            kept = writer.kept
            kill()
            self.check_kept(store, *kept)
        writer.running = False
        writer.join()
        self.check(store, writer)
        progress.end(f"{times} kills, {writer.acknowledged} changes acknowledged, none lost")
        self.assertIn("is as it was written", store.command("verify"))

    def restart(self, store):
        store.program.kill()
        store.start()

    def test_a_killed_store_on_sqlite_has_what_it_acknowledged(self):
        store = self.start_store()
        self.kill_while_writing(store, lambda: self.restart(store))

    def test_a_killed_store_on_postgresql_has_what_it_acknowledged(self):
        postgres = Postgres(fsync="on")
        self.addCleanup(postgres.end)
        store = self.start_store(database=postgres.address)
        self.kill_while_writing(store, lambda: self.restart(store))

    def test_a_killed_backend_of_postgresql_costs_no_change(self):
        """One process of the server dies; the server throws everybody out and recovers, and the store goes on."""
        postgres = Postgres(fsync="on")
        self.addCleanup(postgres.end)
        store = self.start_store(database=postgres.address)
        directory = postgres.address.split("host=")[1]

        def kill():
            with open(os.path.join(directory, "data", "postmaster.pid")) as file:
                server = int(file.readline())
            children = subprocess.run(["pgrep", "-P", str(server), "-f", "pennon"], capture_output=True, text=True)
            for child in children.stdout.split()[:1]:
                os.kill(int(child), signal.SIGKILL)

        self.kill_while_writing(store, kill, max(min(KILLS, 10), KILLS // 10))  # each is two seconds of recovery
