"""Rows P of the cache's files: flipped bits, other programs, files that are something else."""
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile

from persistence_test import *


class CacheFileTest(PersistenceTest):
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

    def flip_many(self, target):
        """By a program that loads the cache as a daemon does, without starting one for each bit."""
        program = BIN.parent / "tests" / "faults" / "flipped_bits"
        if not program.exists():
            self.skipTest(f"{program} is not built")
        memory = pathlib.Path("/dev/shm")
        folder = tempfile.mkdtemp(prefix="pennon-flips-", dir=memory if memory.is_dir() else self.directory)
        self.addCleanup(shutil.rmtree, folder)
        for kept in ("image", "lines"):
            done = subprocess.run([program, folder, target, kept, str(count("FLIPS", 2000) // 2), str(count("SEED", 1))],
                                  capture_output=True, text=True)
            print(done.stdout, flush=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_P10_no_flipped_bit_of_many_of_the_cache_alters_an_answer(self):
        self.flip_many("file")

    def test_P11_no_flipped_bit_of_many_of_the_log_alters_an_answer(self):
        self.flip_many("log")

    def test_P10_no_flipped_bit_of_the_cache_alters_an_answer(self):
        found = self.flip("", count("DAEMON_FLIPS", 60))
        self.assertGreater(found.get(3, 0), 0)

    def test_P11_no_flipped_bit_of_the_log_alters_an_answer(self):
        self.flip("-wal", count("DAEMON_FLIPS", 60))

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
        self.wait_kept(daemon, 2)
        upstream.close()
        self.assertEqual(self.again(daemon)["revision"], 2)

    def start_while_held(self, *statements):
        """Another program does this to the cache and keeps it open while a daemon starts."""
        _, daemon = self.cached(3)
        other = sqlite3.connect(daemon.cache, isolation_level=None)
        self.addCleanup(other.close)
        for statement in statements:
            other.execute(statement).fetchall()
        daemon.start()
        found = daemon.environment()
        self.assertEqual((found["revision"], found["cache"]["ok"]), (0, False), found)
        self.assertRegex(found["cache"]["error"], "(?i)locked|busy")
        self.assertEqual(metric(daemon, "pennon_cache_ok"), 0)
        daemon.program.kill()
        other.close()
        daemon.start()
        self.assert_serves(daemon, 3, "cache")
        self.assertTrue(self.cache_ok(daemon))
        self.assertFalse(os.path.exists(daemon.cache + ".aside"))

    def test_P16_a_cache_that_another_program_reads_at_the_start_serves_when_that_is_gone(self):
        self.start_while_held("BEGIN", "SELECT count(*) FROM line")

    def test_P16_a_cache_that_another_program_has_locked_at_the_start_serves_when_that_is_gone(self):
        self.start_while_held("BEGIN EXCLUSIVE")

    def test_P18_nothing_but_sqlite_opens_the_cache(self):
        upstream = self.upstream()
        trace = self.folder("trace") / "trace"
        arguments = [BIN / "pennond", "--environment", "production", "--cache-path", str(self.folder("daemon") / "cache.db"), "--socket-path",
                     str(self.folder("daemon") / "s"), "--http-enabled", "false", "--upstream-url", upstream.url, "--upstream-key-file",
                     upstream.key_file, "--upstream-poll-interval", "100ms", *POLL]
        program = Program(self.folder("trace"), "daemon", [*self.strace("-e", "trace=open,openat,openat2", "-o", str(trace)), *arguments])
        self.addCleanup(program.kill)
        opens = lambda: re.findall(r'open\w*\((?:AT_FDCWD, )?"[^"]*/cache\.db", (\S+)', trace.read_text() if trace.exists() else "")
        for revision in (2, 3, 4):
            before = len(upstream.requests)
            upstream.publish(revision, {"a": flag(revision)})
            eventually(lambda: len(upstream.requests) > before + 2, "it is fetched and kept")
        program.terminate()
        self.assertEqual(len(opens()), 1, opens())
        self.assertIn("O_NOFOLLOW", opens()[0])

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

    def test_P22_the_log_of_the_database_stays_small_however_much_is_written(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        written = lambda: int(re.search(r"^wchar: (\d+)", pathlib.Path(f"/proc/{daemon.program.process.pid}/io").read_text(), re.M)[1])
        largest = 0
        for revision in range(2, 2 + count("REVISIONS", 16)):
            note = f"{revision:04}" * 300  # in each flag, so that all of the set is written
            upstream.publish(revision, {f"f{i}": {**flag(revision), "metadata": {"note": note}} for i in range(1000)} | {"a": flag(revision)})
            self.wait_revision(daemon, revision)
            self.wait_kept(daemon, revision)
            largest = max(largest, os.path.getsize(daemon.cache + "-wal"))
        self.assertGreater(written(), 100 << 20)
        self.assertLess(largest, 16 << 20)
        self.assertLess(os.path.getsize(daemon.cache), 16 << 20)
