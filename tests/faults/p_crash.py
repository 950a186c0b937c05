"""Rows P of sudden ends: kills, and writes that never came to be."""
import errno
import pathlib
import random

from failing_calls import OPEN, SYNC, TRUNCATE, UNLINK, WRITE
from persistence_test import *

DISK = WRITE | SYNC | TRUNCATE | OPEN | UNLINK


class CrashTest(PersistenceTest):
    def crash_images(self, start):
        """For each k: all writes from the k-th on are lost, then kill -9; what is found is old or new, and whole."""
        calls = self.failing_calls()
        for k in range(1, 400):
            upstream = self.upstream()
            daemon, before = start(upstream, calls, k)
            eventually(lambda: calls.failed or metric(daemon, "pennon_cache_writes_total") > before, "it is written or not")
            done = not calls.failed
            upstream.close()
            found = self.again(daemon, calls)
            yield k, daemon, found
            daemon.program.kill()
            if done:
                self.assertGreater(k, 3)
                return
        self.fail("it never ends")

    def test_P01_a_kill_at_any_moment_leaves_the_old_or_the_new_revision_whole(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        self.wait_written(daemon, 1)
        chance = random.Random(5)
        revision = 1
        for _ in range(count("KILLS", 25)):
            before = revision
            wanted = chance.randint(1, 3)
            for _ in range(wanted):
                revision += 1
                upstream.publish(revision, {f"f{i}": flag(revision) for i in range(100)})
                eventually(lambda: daemon.environment()["revision"] == revision, "it is in force")
            daemon.program.kill()  # its transaction may have begun, have ended, or neither
            daemon.arguments += ["--upstream-url", "http://127.0.0.1:9"]
            # Another upstream's cache would be moved aside: the address stays, the port refuses.
            del daemon.arguments[-2:]
            upstream.close()
            daemon.start()
            found = daemon.environment()
            self.assertEqual(found["source"], "cache")
            self.assertTrue(before <= found["revision"] <= revision, (before, found, revision))
            self.assertNotIn("damage", found["cache"])
            answers = daemon.evaluate({"context": {}})["evaluations"]
            self.assertEqual({one["value"] for one in answers.values()}, {found["revision"]} if found["revision"] > 1 else {1})
            upstream.open()
            self.wait_revision(daemon, revision)
            self.wait_kept(daemon, revision)  # the old one that a kill has to leave

    @slow
    def test_P02_a_crash_after_each_write_of_a_change_leaves_old_or_new(self):
        def start(upstream, calls, k):
            calls.stop()
            daemon = self.shimmed(upstream, calls, name=f"daemon-{k}")
            self.wait_written(daemon, 1)
            calls.fail(DISK, errno.EIO, first=k)
            self.change(upstream, daemon, 2)
            return daemon, 1
        for k, daemon, found in self.crash_images(start):
            with self.subTest(k):
                self.assertEqual(found["source"], "cache")
                self.assert_serves(daemon, found["revision"])
                self.assertIn(found["revision"], (1, 2))

    def test_P03_a_crash_after_each_write_of_the_first_creation_is_got_over(self):
        def start(upstream, calls, k):
            calls.fail(DISK, errno.EIO, first=k)
            return self.shimmed(upstream, calls, name=f"daemon-{k}"), 0
        for k, daemon, found in self.crash_images(start):
            with self.subTest(k):
                self.assertIn((found["source"], found["revision"]), (("cache", 1), ("default", 0)), found)
                self.assertTrue(found["cache"]["ok"], found)

    def test_P03_a_crash_within_the_recovery_and_the_move_aside_is_got_over(self):
        calls = self.failing_calls()
        upstream, daemon = self.cached(3)
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        # A byte of the newest generation's flag is wrong: the start has to refuse it and to make the file anew.
        name = next(path for path, content in files.items() if b'"value":3' in content)
        damaged = files[name].replace(b'"value":3', b'"value":4')
        for k in range(1, 200):
            for path, content in files.items():
                path.write_bytes(content)
            name.write_bytes(damaged)
            calls.fail(DISK, errno.EIO, first=k)
            with environment(calls.environment):
                daemon.start()
            failed = calls.failed
            answered = daemon.flag("a", default=0)
            self.assertIn(answered["value"], (1, 2, 0))
            found = self.again(daemon, calls)
            self.assertIn((found["source"], found["revision"]), (("cache", 2), ("cache", 1), ("default", 0)), found)
            self.assertTrue(found["cache"]["ok"], found)
            daemon.program.kill()
            if not failed:
                self.assertEqual(found["revision"], 2)
                return
        self.fail("it never ends")
