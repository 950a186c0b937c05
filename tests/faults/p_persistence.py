"""Rows P: what disks, other programs and sudden ends do to the cache. Each costs persistence, never an answer."""
import errno
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

from failing_calls import OPEN, READ, SYNC, TRUNCATE, UNLINK, WRITE
from fault_test import *

DISK = WRITE | SYNC | TRUNCATE | OPEN | UNLINK
POLL = ["--upstream-stream", "false"]


class PersistenceTest(FaultTest):
    def shimmed(self, upstream, calls, arguments=(), name="daemon", wait=True):
        with environment(calls.environment):
            daemon = self.start_daemon(upstream, [*POLL, *arguments], name)
        if wait:
            self.wait_revision(daemon, 1)
        return daemon

    def again(self, daemon, calls=None):
        """The same daemon once more, without a fault and, as `close` was called before, without its upstream."""
        if calls is not None:
            calls.stop()
        daemon.program.kill()
        daemon.start()
        return daemon.environment()

    def cache_ok(self, daemon):
        return daemon.environment()["cache"]["ok"]

    def change(self, upstream, daemon, revision):
        upstream.publish(revision, {"a": flag(revision), "b": flag(revision)})
        self.wait_revision(daemon, revision)
        self.assert_serves(daemon, revision)

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
        self.assertGreater(revision, 6)
        upstream.close()
        found = self.again(daemon)
        self.assertEqual((found["source"], found["revision"]), ("cache", revision))

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

    def test_P07_a_read_that_fails_at_the_start_never_crashes_or_alters_anything(self):
        upstream, daemon = self.cached(3)
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        calls = self.failing_calls()
        for k in range(1, 200):
            for path, content in files.items():
                path.write_bytes(content)
            calls.fail(READ, errno.EIO, first=k, times=1)
            with environment(calls.environment):
                daemon.start()
            answered = daemon.flag("a", default=0)
            self.assertIn(answered["value"], (3, 2, 1, 0))
            failed = calls.failed
            daemon.program.kill()
            if not failed:
                self.assertEqual(answered["value"], 3)
                self.assertGreater(k, 3)
                return
        self.fail("it never ends")

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

    def flip(self, suffix, times):
        upstream, daemon = self.cached(3)
        if not suffix:  # all is in the file itself after an orderly stop
            daemon.start()
            daemon.program.end()
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        target = pathlib.Path(daemon.cache + suffix)
        content = files.get(target)
        if not content:
            self.skipTest(f"there is no {target.name}")
        chance = random.Random(11)
        found = {}
        for number in range(times):
            for path in pathlib.Path(daemon.cache).parent.glob("cache.db*"):
                path.unlink()
            for path, good in files.items():
                path.write_bytes(good)
            damaged = bytearray(content)
            damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            target.write_bytes(damaged)
            daemon.start()
            value = daemon.flag("a", default=0)["value"]
            state = daemon.environment()
            self.assertEqual(value, state["revision"] if state["source"] == "cache" else 0)
            self.assertIn(value, (0, 1, 2, 3))
            found[value] = found.get(value, 0) + 1
            daemon.program.kill()
        return found

    def test_P10_no_flipped_bit_of_the_cache_alters_an_answer(self):
        found = self.flip("", count("FLIPS", 60))
        self.assertGreater(found.get(3, 0), 0)

    def test_P11_no_flipped_bit_of_the_log_alters_an_answer(self):
        self.flip("-wal", count("FLIPS", 60))

    def test_P12_a_cache_that_is_deleted_replaced_or_cut_while_running_is_made_again(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        path = pathlib.Path(daemon.cache)
        self.wait_written(daemon, 1)
        revision = 1
        for what in ("deleted", "replaced", "moved"):
            with self.subTest(what):
                if what == "deleted":
                    path.unlink()
                elif what == "replaced":
                    other = path.with_name("other")
                    other.write_bytes(b"something else")
                    os.replace(other, path)
                else:
                    os.replace(path, path.with_name("elsewhere"))
                revision += 1
                before = metric(daemon, "pennon_cache_writes_total")
                self.change(upstream, daemon, revision)
                eventually(lambda: metric(daemon, "pennon_cache_writes_total") > before, "it is written")
                upstream.close()
                found = self.again(daemon)
                self.assertEqual((found["source"], found["revision"]), ("cache", revision), found)
                upstream.open()
                eventually(lambda: daemon.environment()["source"] == "live", "it is live again")

    def test_P12_a_cache_that_is_cut_while_running_serves_from_memory_and_recovers(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        self.wait_written(daemon, 1)
        os.truncate(daemon.cache, 0)
        for revision in (2, 3):
            self.change(upstream, daemon, revision)
        daemon.program.kill()
        daemon.start()
        self.wait_revision(daemon, 3)
        self.assertTrue(self.cache_ok(daemon))

    def test_P13_a_log_that_is_missing_or_anothers_never_alters_an_answer(self):
        upstream, daemon = self.cached(3)
        folder = pathlib.Path(daemon.cache).parent
        files = {path: path.read_bytes() for path in folder.glob("cache.db*")}
        self.assertIn(folder / "cache.db-wal", files)
        foreign_path = self.folder("foreign") / "foreign.db"
        foreign = sqlite3.connect(foreign_path)
        foreign.executescript("PRAGMA journal_mode=WAL; CREATE TABLE line (a); INSERT INTO line VALUES (1);")
        foreign_log = foreign_path.with_name("foreign.db-wal").read_bytes()
        foreign.close()
        for what, log, shared in (("no log", None, None), ("another's log", foreign_log, None), ("rubbish", os.urandom(9000), None),
                                  ("a stale index", files[folder / "cache.db-wal"], os.urandom(32768)), ("an empty log", b"", b"")):
            with self.subTest(what):
                for path in folder.glob("cache.db*"):
                    path.unlink()
                (folder / "cache.db").write_bytes(files[folder / "cache.db"])
                if log is not None:
                    (folder / "cache.db-wal").write_bytes(log)
                if shared is not None:
                    (folder / "cache.db-shm").write_bytes(shared)
                daemon.start()
                value = daemon.flag("a", default=0)["value"]
                state = daemon.environment()
                self.assertEqual(value, state["revision"] if state["source"] == "cache" else 0)
                self.assertTrue(state["cache"]["ok"], state)
                daemon.program.kill()

    def test_P14_files_that_are_no_cache_are_moved_aside_and_a_fresh_one_is_made(self):
        upstream = self.upstream()
        folder = self.folder("daemon")
        path = folder / "cache.db"

        def database(statements):
            made = sqlite3.connect(path)
            made.executescript(statements)
            made.close()

        def sparse():
            with open(path, "wb") as file:
                file.truncate(4 << 30)
        kinds = {"zero bytes": lambda: path.write_bytes(b""), "random": lambda: path.write_bytes(os.urandom(50_000)),
                 "text": lambda: path.write_text("flags: {}\n" * 500), "sparse": sparse, "zeros": lambda: path.write_bytes(bytes(8192)),
                 "another schema": lambda: database("CREATE TABLE generation (id); CREATE TABLE line (x); PRAGMA application_id=1885695587;"),
                 "another program": lambda: database("CREATE TABLE t (id); PRAGMA application_id=7;"),
                 "a later format": lambda: database("CREATE TABLE t (id); PRAGMA application_id=1885695587; PRAGMA user_version=99;"),
                 "a header only": lambda: path.write_bytes(b"SQLite format 3\0" + bytes(84))}
        for number, (what, make) in enumerate(kinds.items()):
            with self.subTest(what):
                for old in folder.glob("cache.db*"):
                    old.unlink()
                make()
                daemon = self.live(upstream, POLL)
                self.wait_written(daemon, 1)
                self.assertTrue(self.cache_ok(daemon))
                self.assertEqual((folder / "cache.db.aside").exists(), what != "zero bytes", what)
                daemon.program.kill()

    def test_P16_another_program_cannot_get_at_the_cache_and_harms_nothing(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        self.wait_written(daemon, 1)
        for statement in ("SELECT count(*) FROM line", "DELETE FROM line", "BEGIN EXCLUSIVE"):
            other = sqlite3.connect(daemon.cache, timeout=0.05)
            with self.assertRaisesRegex(sqlite3.OperationalError, "locked"):
                other.execute(statement)
            other.close()
        self.change(upstream, daemon, 2)
        self.wait_written(daemon, 2)
        upstream.close()
        self.assertEqual(self.again(daemon)["revision"], 2)

    def test_P18_nothing_but_sqlite_opens_the_cache(self):
        if subprocess.run(["strace", "-V"], capture_output=True).returncode:
            self.skipTest("there is no strace")
        upstream = self.upstream()
        trace = self.folder("trace") / "trace"
        arguments = [BIN / "pennond", "--environment", "production", "--cache-path", str(self.folder("daemon") / "cache.db"), "--socket-path",
                     str(self.folder("daemon") / "s"), "--http-enabled", "false", "--upstream-url", upstream.url, "--upstream-key-file",
                     upstream.key_file, "--upstream-poll-interval", "100ms", *POLL]
        program = Program(self.folder("trace"), "strace", ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", str(trace), *arguments])
        self.addCleanup(program.kill)
        opens = lambda: re.findall(r'open\w*\((?:AT_FDCWD, )?"[^"]*/cache\.db", (\S+)', trace.read_text() if trace.exists() else "")
        for revision in (2, 3, 4):
            before = len(upstream.requests)
            upstream.publish(revision, {"a": flag(revision)})
            eventually(lambda: len(upstream.requests) > before + 2, "it is fetched and kept")
        traced = pathlib.Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text().split()
        os.kill(int(traced[0]), signal.SIGTERM)
        program.process.wait(timeout=60)
        self.assertEqual(len(opens()), 1, opens())
        self.assertIn("O_NOFOLLOW", opens()[0])

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

    def test_P20_times_of_files_mean_nothing(self):
        upstream, daemon = self.cached(2)
        for path in pathlib.Path(daemon.cache).parent.glob("cache.db*"):
            os.utime(path, (4e9, 4e9))
        daemon.start()
        self.assert_serves(daemon, 2, "cache")
        self.assertGreaterEqual(daemon.environment()["ageMs"], 0)

    def test_P21_no_file_would_be_inherited(self):
        daemon = self.live(self.upstream())
        process = daemon.program.process.pid
        for number in map(int, os.listdir(f"/proc/{process}/fd")):
            try:
                text = pathlib.Path(f"/proc/{process}/fdinfo/{number}").read_text()
                name = os.readlink(f"/proc/{process}/fd/{number}")
            except FileNotFoundError:
                continue
            # Sockets are left out: the daemon never starts another program.
            if number > 2 and not name.startswith("socket:"):
                self.assertTrue(int(re.search(r"flags:\s+(\d+)", text)[1], 8) & os.O_CLOEXEC, name)

    def test_P22_the_log_of_the_database_stays_small(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        for revision in range(2, 2 + count("REVISIONS", 40)):
            upstream.publish(revision, {f"f{i}": flag(revision) for i in range(300)} | {"a": flag(revision)})
            eventually(lambda: daemon.flag("a")["value"] == revision, "the change is answered")
        size = os.path.getsize(daemon.cache + "-wal")
        self.assertLess(size, 16 << 20)
        self.assertLess(os.path.getsize(daemon.cache), 16 << 20)
