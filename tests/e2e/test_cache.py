"""Damage to the cache and trouble with the disk cost persistence, never an answer."""
import os
import pathlib
import random
import re
import resource

from harness import BIN, EndToEndTest, Program, eventually

FLIPS = 100


class CacheTest(EndToEndTest):
    def filled(self):
        """A daemon that has synced and was killed, and its store, dead as well."""
        store = self.start_store()
        daemon = self.start_daemon(store)
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        daemon.wait_written(1)
        daemon.program.kill()
        store.program.kill()
        return daemon

    def test_no_flipped_bit_ever_alters_an_answer(self):
        daemon = self.filled()
        files = {path: pathlib.Path(path).read_bytes()
                 for path in (daemon.cache, daemon.cache + "-wal") if os.path.exists(path)}
        context = {"targetingKey": "user-7", "account": {"orders": 3}}
        daemon.start()
        truth = daemon.evaluate({"context": context})["evaluations"]
        daemon.program.kill()
        chance = random.Random(7)
        hits = damaged = 0
        for number in range(FLIPS):
            for path, content in files.items():
                pathlib.Path(path).write_bytes(content)
            path = chance.choice([p for p in files if files[p]])
            content = bytearray(files[path])
            marks = [mark.start() for mark in re.finditer(b'"kind":"flag"', files[path])]
            # Every other flip aims at a flag's definition, the rest fall anywhere.
            if number % 2 and marks:
                place = min(chance.choice(marks) + chance.randrange(300), len(content) - 1)
            else:
                place = chance.randrange(len(content))
            content[place] ^= 1 << chance.randrange(8)
            pathlib.Path(path).write_bytes(content)
            around = files[path][max(0, place - 400):place + 400]
            hits += b'"kind":"flag"' in around
            daemon.start()
            answers = daemon.evaluate({"context": context})
            if answers["source"] == "cache":
                self.assertEqual(answers["evaluations"], truth)
            else:
                damaged += 1
                self.assertEqual(answers["evaluations"], {})
            daemon.program.kill()
        print(f"    {FLIPS} flipped bits, {hits} near flag bytes, {damaged} found and refused", flush=True)
        self.assertGreater(hits, 10)
        self.assertGreater(damaged, 0)

    def test_files_that_are_no_cache_are_moved_aside(self):
        daemon = self.filled()
        for content in (b"", b"not a database, only some text\n" * 400, os.urandom(40_000)):
            for suffix in ("", "-wal", ".aside"):
                pathlib.Path(daemon.cache + suffix).unlink(missing_ok=True)
            pathlib.Path(daemon.cache).write_bytes(content)
            daemon.start()
            self.assertEqual(daemon.environment()["state"], "not-ready")
            self.assertTrue(daemon.environment()["cache"]["ok"])
            if content:
                self.assertEqual(pathlib.Path(daemon.cache + ".aside").read_bytes(), content)
            daemon.program.kill()

    def test_the_cache_of_another_environment_is_not_served(self):
        daemon = self.filled()
        daemon.arguments += ["--environment", "staging"]
        other = Program(daemon.directory, "other", [
            BIN / "pennond", "--environment", "staging", "--cache-path", daemon.cache,
            "--socket-path", daemon.socket, "--http-enabled", "false"])
        self.addCleanup(other.end)
        eventually(lambda: os.path.exists(daemon.socket) and "listening" in other.log, "it is up")
        self.assertIn("environment \\\"production\\\"", other.log)
        self.assertNotIn("source=cache", other.log)

    def test_a_cache_that_cannot_be_written_costs_only_persistence(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--cache-path", str(self.folder("daemon") / "no" / "such" / "c.db")])
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        cache = daemon.environment()["cache"]
        self.assertFalse(cache["ok"])
        self.assertTrue(cache["error"])
        (self.folder("daemon") / "no" / "such").mkdir(parents=True)
        eventually(lambda: daemon.environment()["cache"]["ok"], "it is written as soon as it can be")
        store.program.kill()
        daemon.program.kill()
        daemon.start()
        self.assertEqual(daemon.flag("banner")["source"], "cache")

    def test_flags_of_a_cache_that_can_be_opened_late_are_answered_though_the_upstream_is_gone(self):
        store = self.start_store()
        place = self.folder("disk")
        daemon = self.start_daemon(store, ["--cache-path", str(place / "c.db")])
        daemon.wait_written(1)
        daemon.program.kill()
        store.program.kill()
        away = place.rename(place.with_name("away"))
        daemon.start()
        self.assertEqual(daemon.flag("banner", default="mine")["source"], "default")
        away.rename(place)
        eventually(lambda: daemon.flag("banner", default="mine")["source"] == "cache", lambda: f"{daemon.environment()} {daemon.program.log}")

    def test_a_set_that_could_not_be_written_is_written_when_the_disk_allows(self):
        # A file-size limit fails every write as a full disk does, and can be lifted from outside.
        store = self.start_store()
        daemon = self.start_daemon(store)
        daemon.wait_written(1)
        pid, before = daemon.program.process.pid, daemon.writes()
        unlimited = resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")
        eventually(lambda: not daemon.environment()["cache"]["ok"], "the trouble is told")
        self.assertEqual(daemon.writes(), before)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)
        eventually(lambda: daemon.environment()["cache"]["ok"] and daemon.writes() > before, "it is written")
        daemon.program.kill()
        store.program.kill()
        daemon.start()
        self.assertEqual(daemon.flag("banner")["revision"], revision)

    def test_a_second_daemon_on_the_same_cache_is_refused(self):
        daemon = self.start_daemon()
        second = Program(daemon.directory, "second", [
            BIN / "pennond", "--environment", "production", "--cache-path", daemon.cache,
            "--socket-path", daemon.socket + "2", "--http-enabled", "false"])
        self.assertEqual(second.process.wait(timeout=30), 78)
        self.assertIn("cache.db.lock", second.log)
        self.assertIn(str(daemon.program.process.pid), second.log)

    def test_a_quarantined_flag_keeps_its_definition_over_a_restart(self):
        # The store refuses what does not compile, so a daemon meets it only from a newer store: the
        # upstream here is a file server with documents made by hand.
        from sync_server import SyncServer
        good = {"type": "string", "variants": [{"key": "v", "value": "kept"}], "default": {"variant": "v"}}
        bad = dict(good, rules=[{"when": {"attr": "a", "op": "operator-of-2030", "values": [1]},
                                 "serve": {"variant": "v"}}])
        other = dict(good, variants=[{"key": "v", "value": "new"}])
        server = SyncServer(self.folder("sync"))
        self.addCleanup(server.stop)
        server.publish(1, {"a": good, "b": good})
        daemon = self.start_daemon(server)
        daemon.wait_written(1)  # of sets that follow each other at once only the last one is
        server.publish(2, {"a": bad, "b": other, "c": bad})
        eventually(lambda: daemon.environment()["revision"] == 2, "revision 2")
        for _ in range(2):
            self.assertEqual(daemon.flag("a")["value"], "kept")
            self.assertEqual(daemon.flag("b")["value"], "new")
            self.assertEqual(daemon.flag("c")["errorCode"], "PARSE_ERROR")
            named = {one["key"]: one["reason"] for one in daemon.environment()["quarantined"]}
            self.assertEqual(sorted(named), ["a", "c"])
            self.assertIn("operator-of-2030", named["a"])
            eventually(lambda: daemon.writes() >= 2 or server.stopped, "the cache is written")
            server.stop()
            daemon.program.kill()
            daemon.start()
            eventually(lambda: daemon.environment()["source"] == "cache", "from the cache")
            server.stopped = True


class RefusalTest(EndToEndTest):
    """What an upstream sends wrong changes nothing."""

    def test_wrong_bodies_are_refused_and_the_set_in_force_stays(self):
        from sync_server import SyncServer
        good = {"type": "boolean", "variants": [{"key": "v", "value": True}], "default": {"variant": "v"}}
        server = SyncServer(self.folder("sync"))
        self.addCleanup(server.stop)
        server.publish(5, {"a": good})
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment()["revision"] == 5, "revision 5")
        body = server.document(6, {"a": good, "b": good})
        wrong = {
            "cut off in a line": (200, body[:-20]),
            "a line missing": (200, body.rsplit(b"\n", 2)[0] + b"\n"),
            "altered": (200, body.replace(b'"value":true', b'"value":fals', 1)),
            "not JSON": (200, b"<html>captive portal</html>"),
            "empty": (200, b""),
            "an older revision": (200, server.document(4, {"a": good})),
            "another environment": (200, server.document(7, {"a": good}, environment="staging")),
            "the same revision again, other contents": (200, server.document(5, {"b": good})),
            "a duplicate key": (200, server.document(8, {"a": good}, twice=True)),
            "a newer format": (200, server.document(8, {"a": good}, version=2)),
            "500": (500, b"oops"), "503": (503, b""), "401": (401, b""), "404": (404, b""),
            "302": (302, b""), "304 at the wrong time": (304, b""),
        }
        for name, (status, content) in wrong.items():
            with self.subTest(name):
                failures = server.requests
                server.answer(status, content)
                eventually(lambda: server.requests >= failures + 2, f"asked again after: {name}")
                state = daemon.environment()
                self.assertEqual((state["revision"], state["flags"], state["source"]), (5, 1, "live"))
                self.assertTrue(daemon.flag("a")["value"])
                server.publish(5, {"a": good})
        server.publish(9, {"a": good, "b": good})
        eventually(lambda: daemon.environment()["revision"] == 9, "revision 9")
        self.assertNotIn("lastError", daemon.environment())
