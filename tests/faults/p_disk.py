"""Rows P of disks that fail: full, read-only, slow, wrong."""
import errno
import pathlib
import subprocess
import time

from failing_calls import OPEN, READ, SYNC, TRUNCATE, UNLINK, WRITE
from persistence_test import *

ALL = WRITE | SYNC | TRUNCATE | OPEN | UNLINK | READ


class DiskTest(PersistenceTest):
    def test_P04_a_full_disk_at_any_write_once_or_for_long_costs_only_persistence(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        revision = 1
        for times in (1, 0):
            for k in range(1, 60):
                revision += 1
                calls.fail(WRITE, errno.ENOSPC, first=k, times=times)
                before = metric(daemon, "pennon_cache_writes_total")
                self.change(upstream, daemon, revision)
                eventually(lambda: calls.failed or metric(daemon, "pennon_cache_writes_total") > before, "it is written or not")
                failed = calls.failed
                if failed and not times:
                    eventually(lambda: not self.cache_ok(daemon), "the trouble is told")
                calls.stop()
                eventually(lambda: self.cache_ok(daemon) and metric(daemon, "pennon_cache_writes_total") > before, "it is written")
                if not failed:
                    break
            else:
                self.fail("a change has no end of writes")
        self.assertGreater(revision, 6)
        self.wait_kept(daemon, revision)  # what was counted may have been the one before, written twice
        upstream.close()
        found = self.again(daemon)
        self.assertEqual((found["source"], found["revision"]), ("cache", revision))

    def test_P04_a_cache_that_says_it_is_well_has_the_newest_set_though_the_upstream_is_gone(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls, ["--report-interval", "100ms"])
        self.wait_written(daemon, 1)
        calls.fail(WRITE, errno.ENOSPC)
        self.change(upstream, daemon, 2)
        eventually(lambda: "cache is not written" in daemon.program.log, "the trouble is told")
        upstream.close()
        failed = metric(daemon, 'pennon_sync_total{result="failed"}')
        eventually(lambda: metric(daemon, 'pennon_sync_total{result="failed"}') > failed, "it is gone")
        calls.delay(WRITE, 0)  # counts writes, and lets them pass
        eventually(lambda: daemon.flag("a") and calls.counted > 1, "usage is written")
        eventually(lambda: self.cache_ok(daemon), "the set is written, without a word from the upstream")
        self.assertEqual(self.again(daemon)["revision"], 2)

    def test_P05_a_disk_that_is_full_at_the_start_does_not_keep_the_cache_from_serving(self):
        upstream, daemon = self.cached(2)
        calls = self.failing_calls()
        calls.fail(WRITE | TRUNCATE, errno.ENOSPC)
        with environment(calls.environment):
            daemon.start()
        self.assert_serves(daemon, 2, "cache")

    def test_P06_limits_of_size_and_quota_cost_only_persistence(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        calls.fail(WRITE, errno.EDQUOT)
        self.change(upstream, daemon, 2)
        eventually(lambda: not self.cache_ok(daemon), "the trouble is told")
        calls.stop()
        eventually(lambda: self.cache_ok(daemon), "it is written")
        before = limit(daemon.program.process, resource.RLIMIT_FSIZE, 512)
        self.change(upstream, daemon, 3)
        eventually(lambda: not self.cache_ok(daemon), "the trouble is told")
        limit(daemon.program.process, resource.RLIMIT_FSIZE, before)
        eventually(lambda: self.cache_ok(daemon), "it is written")
        upstream.close()
        self.assertEqual(self.again(daemon)["revision"], 3)

    def failing_starts(self, kinds, times=1):
        """Starts a daemon on the same cache of revision 3 again and again: for each k the k-th call fails, or (`times` 0) all
        from the k-th on, until there are not so many. Gives k, the calls and the daemon, which has answered.
        """
        upstream, daemon = self.cached(3)
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        calls = self.failing_calls()
        for k in range(1, 200):
            self.put_back(files)
            calls.fail(kinds, errno.EIO, first=k, times=times)
            with environment(calls.environment):
                daemon.start()
            answered = daemon.flag("a", default=0)["value"]
            self.assertEqual(answered, daemon.environment()["revision"])
            failed = calls.failed
            yield k, calls, daemon
            daemon.program.kill()
            if not failed:
                self.assertEqual(answered, 3)
                self.assertGreater(k, 3)
                return
        self.fail("it never ends")

    def test_P07_a_read_that_fails_at_a_start_alters_nothing_and_costs_nothing_at_the_next(self):
        for k, calls, daemon in self.failing_starts(READ):
            self.assert_all_there(daemon, calls, k)

    def test_P07_a_read_that_fails_at_a_start_drops_no_order(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        for revision in (2, 3):
            upstream.publish(revision, {"a": flag(revision), **{f"f{i}": flag(revision) for i in range(200)}})
            self.wait_kept(daemon, revision)
        client = self.frames(daemon)
        client.hello("production")
        client.order("pin", "2")
        daemon.program.kill()
        upstream.close()
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        calls = self.failing_calls()
        for k in range(1, 200):
            self.put_back(files)
            calls.fail(READ, errno.EIO, first=k, times=1)
            with environment(calls.environment):
                daemon.start()
            self.assert_serves(daemon, 2, "cache")
            self.assertTrue(daemon.environment()["pinned"])
            daemon.program.kill()
            if not calls.failed:
                return self.assertGreater(k, 3)
        self.fail("it never ends")

    def test_P07_reads_that_fail_all_through_a_start_cost_nothing_at_the_next(self):
        for k, calls, daemon in self.failing_starts(READ, times=0):
            self.assert_all_there(daemon, calls, k)

    def test_P07_what_came_while_the_disk_gave_nothing_is_kept_when_the_daemon_ends(self):
        upstream, daemon = self.cached(3)
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        calls = self.failing_calls()
        for k in range(1, 40, 3):
            self.put_back(files)
            calls.fail(READ, errno.EIO, first=k)
            with environment(calls.environment):
                daemon.start()
            upstream.open()
            upstream.publish(4, {"a": flag(4)})
            self.wait_revision(daemon, 4)
            upstream.close()
            calls.stop()
            self.assertEqual(daemon.program.terminate(), 0)
            daemon.start()
            found = daemon.environment()
            self.assertEqual((found["source"], found["revision"]), ("cache", 4), k)
            daemon.program.kill()

    def test_P04_each_call_of_the_disk_that_fails_alone_in_a_sync_costs_nothing_in_the_end(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        for k in range(1, 200):
            calls.fail(ALL, errno.EIO, first=k, times=1)
            before = metric(daemon, "pennon_cache_writes_total")
            self.change(upstream, daemon, k + 1)
            eventually(lambda: calls.failed or metric(daemon, "pennon_cache_writes_total") > before, "it is written or not")
            failed = calls.failed
            calls.stop()
            eventually(lambda: self.cache_ok(daemon) and metric(daemon, "pennon_cache_writes_total") > before, "it is written")
            self.wait_kept(daemon, k + 1)
            if not failed:
                self.assertGreater(k, 3)
                upstream.close()
                found = self.again(daemon)
                return self.assertEqual((found["source"], found["revision"]), ("cache", k + 1))
        self.fail("it never ends")

    def test_P07_each_call_of_the_disk_that_fails_alone_at_a_start_alters_nothing_and_costs_nothing_at_the_next(self):
        for k, calls, daemon in self.failing_starts(ALL):
            self.assert_all_there(daemon, calls, k)

    def test_P07_each_call_of_the_disk_that_fails_alone_in_an_order_refuses_it_or_does_no_harm(self):
        upstream, daemon = self.cached(3)
        calls = self.failing_calls()
        with environment(calls.environment):
            daemon.start()
        client = self.frames(daemon)
        client.hello("production")
        for order in (("generations",), ("rollback",), ("pin", "2"), ("unpin",)):
            for k in range(1, 100):
                calls.fail(ALL, errno.EIO, first=k, times=1)
                try:
                    client.order(*order)
                except FrameError:  # the disk was needed
                    pass
                failed = calls.failed
                calls.stop()
                answered = client.evaluate("a", {})
                self.assertEqual(answered["value"], daemon.environment()["revision"])
                if not failed:
                    break
            self.assertFalse(failed, order)
            client.order("unpin")
            self.assert_serves(daemon, 3)

    def test_P08_after_a_sync_that_failed_the_set_is_written_whole_once_more(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        calls.fail(SYNC, errno.EIO, times=1)
        self.change(upstream, daemon, 2)
        eventually(lambda: calls.failed, "the sync fails")
        eventually(lambda: self.cache_ok(daemon) and metric(daemon, "pennon_cache_writes_total") >= 2, "it is written")
        # The transaction is done again as a whole: every page that the kernel may have dropped is written anew.
        upstream.close()
        found = self.again(daemon, calls)
        self.assertEqual((found["source"], found["revision"]), ("cache", 2))

    def test_P09_places_that_cannot_hold_a_cache_cost_only_persistence(self):
        folder = self.folder("places")
        (folder / "file").write_text("x")
        (folder / "directory").mkdir()
        os.mkfifo(folder / "fifo")
        (folder / "loop").symlink_to(folder / "loop")
        precious = folder / "precious"
        precious.write_text("not a cache")
        (folder / "link").symlink_to(precious)
        (folder / "dangling").symlink_to(folder / "nothing")
        upstream = self.upstream()
        for path in (folder / "directory", folder / "fifo", folder / "loop", folder / "link", folder / "dangling", pathlib.Path("/dev/null")):
            with self.subTest(path.name):  # the operator's mistake: it says so, and touches nothing
                refused = subprocess.run([BIN / "pennond", "--environment", "e", "--cache-path", path, "--socket-path", folder / "s",
                                          "--http-enabled", "false"], capture_output=True, text=True, timeout=60)
                self.assertEqual((refused.returncode, str(path) in refused.stderr), (78, True), refused.stderr)
        for number, path in enumerate((folder / "file" / "cache.db", folder / ("n" * 300), folder / "none" / "cache.db")):
            with self.subTest(path.name):
                daemon = self.live(upstream, [*POLL, "--cache-path", str(path)], name=f"d{number}")
                cache = daemon.environment()["cache"]
                self.assertFalse(cache["ok"])
                self.assertTrue(cache["error"])
                self.assertEqual(metric(daemon, "pennon_cache_ok"), 0)
                self.assert_serves(daemon)
                daemon.program.end()
        self.assertEqual(precious.read_text(), "not a cache")
        self.assertFalse((folder / "nothing").exists())
        self.assertTrue((folder / "fifo").is_fifo())

    def test_P09_a_disk_that_became_read_only_costs_only_persistence(self):
        calls = self.failing_calls()
        for name, error in (("ro", errno.EROFS), ("access", errno.EACCES)):
            calls.stop()
            upstream = RawUpstream(self.folder("up-" + name))
            self.addCleanup(upstream.close)
            upstream.publish(1, {"a": flag(1)})
            daemon = self.shimmed(upstream, calls, name="daemon-" + name)
            self.wait_written(daemon, 1)
            calls.fail(WRITE | SYNC | TRUNCATE, error)
            self.change(upstream, daemon, 2)
            eventually(lambda: not self.cache_ok(daemon), "the trouble is told")
            daemon.program.kill()
            calls.fail(WRITE | OPEN | TRUNCATE | UNLINK, error)
            with environment(calls.environment):
                daemon.start()
            self.wait_revision(daemon, 2)
            calls.stop()
            daemon.program.kill()

    def test_P19_a_slow_disk_delays_no_answer(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        calls.delay(SYNC, 2000)
        upstream.publish(2, {"a": flag(2)})
        eventually(lambda: daemon.flag("a")["value"] == 2, "the change is answered")
        eventually(lambda: calls.counted, "the disk is written to")
        client = self.frames(daemon)
        client.hello("production")
        slowest = 0
        for _ in range(300):
            began = time.monotonic()
            client.evaluate("a", {})
            slowest = max(slowest, time.monotonic() - began)
        self.assertLess(slowest, 1)
        calls.stop()

    def test_P19_a_slow_disk_delays_no_later_set(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.shimmed(upstream, calls)
        self.wait_written(daemon, 1)
        calls.delay(SYNC, 3000)
        began = time.monotonic()
        for revision in range(2, 6):
            upstream.publish(revision, {"a": flag(revision)})
            eventually(lambda: daemon.flag("a")["value"] == revision, "the change is answered")
        took = time.monotonic() - began
        calls.stop()
        self.assertLess(took, 3)
