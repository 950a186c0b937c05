"""kill -9 of the daemon while it syncs: the cache holds an old or the new revision, whole.

PENNON_KILLS says how many times (20 unless told; `./test kill` takes 500). At least a fifth of the kills
must fall inside a transaction of the cache; the share is printed.
"""
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import threading
import time

from harness import EndToEndTest, eventually, request

KILLS = int(os.environ.get("PENNON_KILLS", "20"))
FLAGS = 1500
BEGIN = re.compile(r'event="cache transaction begins" revision=(\d+)')
END = re.compile(r'event="cache transaction ended" revision=(\d+)')
CACHED = re.compile(r'event="flag set in force".* source=cache epoch=\d+ revision=(\d+)')


def document():
    def flag(number):
        return {"type": "integer", "variants": [{"key": "v", "value": number}],
                "default": {"variant": "v"}, "metadata": {"note": "n" * 200}}
    return {"environment": "production", "flags": {f"flag-{n}": flag(n) for n in range(FLAGS)}}


class Changer(threading.Thread):
    """Changes one flag after the other and notes the digest that each revision has."""

    def __init__(self, store, key):
        super().__init__(daemon=True)
        self.store, self.key, self.running, self.failure = store, key, True, None
        self.digests = {}
        self.note()

    def note(self):
        _, _, body = request(self.store.connection(), "GET", "/sync/v1/flagset",
                             headers={"Authorization": "Bearer " + self.key})
        head = json.loads(body.split(b"\n", 1)[0])
        self.digests[head["revision"]] = head["digest"]

    def run(self):
        number = 0
        try:
            while self.running:
                number += 1
                self.store.configure(f"flag-{number % FLAGS}",
                                     {"default": {"variant": "v"}, "enabled": (number + number // FLAGS) % 2 == 0})
                self.note()
        except Exception as failure:  # told by the test, which looks here
            self.failure = failure


def newest_generation(cache, copy_folder):
    """(revision, set digest) of a copy of the cache, after checking every digest in it."""
    copy = str(copy_folder / "copy.db")
    for suffix in ("", "-wal"):
        if os.path.exists(copy + suffix):
            os.remove(copy + suffix)
        if os.path.exists(cache + suffix):
            shutil.copyfile(cache + suffix, copy + suffix)
    database = sqlite3.connect(copy)
    try:
        row = database.execute("SELECT id, revision, set_digest FROM generation "
                               "ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            return None
        lines = database.execute("SELECT kind, key, bytes, digest FROM line WHERE generation = ? "
                                 "AND kept = 0 ORDER BY kind, key", (row[0],)).fetchall()
    finally:
        database.close()
    assert len(lines) == FLAGS, f"{len(lines)} lines of {FLAGS}"
    total = hashlib.sha256()
    for _, key, text, digest in lines:
        assert hashlib.sha256(text.encode()).hexdigest() == digest, f"{key} is damaged"
        total.update(f"flag {key} {digest}\n".encode())
    assert total.hexdigest() == row[2], "the set is damaged"
    return row[1], row[2]


class KillTest(EndToEndTest):
    def test_every_kill_leaves_an_old_or_the_new_revision_whole(self):
        path = self.folder("store") / "flags.json"
        path.write_text(json.dumps(document()))
        store = self.start_store(document=path)
        changer = Changer(store, pathlib.Path(store.key_file).read_text().strip())
        changer.start()
        self.addCleanup(lambda: setattr(changer, "running", False))
        daemon = self.start_daemon(store, ["--log-level", "debug", "--upstream-poll-interval", "100ms"])
        chance = random.Random(20260101)
        inside = 0
        before = None
        for kill in range(KILLS):
            position = 0 if kill == 0 else self.log_size
            begun = lambda: len(BEGIN.findall(self.log_from(daemon, position)))
            target = chance.randint(1, 3)
            eventually(lambda: begun() >= target or changer.failure, lambda: "the daemon writes to its cache: " + self.log_from(daemon, position))
            self.assertIsNone(changer.failure)
            # Two kills of three aim at a transaction, the third falls anywhere.
            time.sleep(chance.uniform(0, 0.02 if kill % 3 else 0.3))
            daemon.program.kill()
            log = self.log_from(daemon, position)
            begins, ends = BEGIN.findall(log), END.findall(log)
            inside += len(begins) > len(ends)
            found = newest_generation(daemon.cache, self.folder("copy"))
            if found is None:  # killed in the very first transaction: the old revision is none
                self.assertIsNone(before)
                self.assertEqual(ends, [])
            else:
                revision, digest = found
                self.assertEqual(changer.digests.get(revision), digest)
                self.assertGreaterEqual(revision, int(ends[-1]) if ends else before or 0)
                self.assertLessEqual(revision, int(begins[-1]))
                before = revision
            self.log_size = len(daemon.program.log)
            daemon.start()
            log = self.log_from(daemon, self.log_size)
            cached = CACHED.search(log)
            self.assertEqual(cached and int(cached.group(1)), before)
            self.assertNotIn("aside", log)
            self.assertIsNone(changer.failure)
            if (kill + 1) % 50 == 0:
                print(f"    {kill + 1} kills, {inside} inside a transaction", flush=True)
        share = 100 * inside // KILLS
        print(f"    {KILLS} kills, {inside} ({share} %) inside a transaction of the cache", flush=True)
        self.assertGreaterEqual(share, 20)

    @staticmethod
    def log_from(daemon, position):
        return daemon.program.log[position:]
