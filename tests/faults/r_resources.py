"""Rows R, C and X: what runs out, callers' libraries, and several faults at once."""
import errno
import fcntl
import json
import os
import pathlib
import random
import resource
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from failing_calls import ACCEPT, OPEN, READ, SYNC, TRUNCATE, UNLINK, WRITE
from frame_client import REASONS
from persistence_test import *


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ResourceTest(FaultTest):
    def test_R01_few_descriptors_at_the_start_are_told_or_got_along_with(self):
        for size in (8, 32):
            folder = self.folder(f"r01-{size}")
            process = subprocess.Popen([BIN / "pennond", "--environment", "e", "--cache-path", str(folder / "c.db"), "--socket-path", str(folder / "s"),
                                        "--http-port", "0", "--bootstrap-file", EXAMPLE], stderr=subprocess.PIPE, text=True,
                                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (size, size)))
            try:
                def settled():
                    if process.poll() is not None:
                        return True
                    try:
                        return request(UnixHttpConnection(str(folder / "s")), "GET", "/livez")[0] == 200
                    except OSError:
                        return False
                eventually(settled, "it runs or has ended")
                self.assertIn(process.poll(), (None, 78, 1))
            finally:
                process.kill()
                said = process.communicate()[1]
            if process.returncode != -signal.SIGKILL:
                self.assertTrue(said.strip())

    def test_R02_running_out_of_descriptors_neither_spins_nor_ends_anything(self):
        daemon = self.bootstrapped()
        client = self.frames(daemon)
        client.hello("production")
        process = daemon.program.process
        before = limit(process, resource.RLIMIT_NOFILE, open_descriptors(process))
        waiting = []
        for _ in range(20):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].settimeout(60)
            waiting[-1].connect(daemon.socket)
        used = cpu_seconds(process)
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            self.assertEqual(client.evaluate("banner", {})["value"], "Welcome")
            time.sleep(0.02)  # a caller's pace: what else the daemon does is measured
        self.assertLess(cpu_seconds(process) - used, 1.0)
        for one in waiting:
            one.close()
        limit(process, resource.RLIMIT_NOFILE, before)
        eventually(lambda: self.answers(daemon), "new connections are taken again")

    def test_R02_accept_that_fails_for_a_while_is_got_over(self):
        calls = self.failing_calls()
        with environment(calls.environment):
            daemon = self.bootstrapped()
        for error in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ECONNABORTED, errno.ENOBUFS, errno.EPROTO):
            calls.fail(ACCEPT, error, times=5)
            asked = []
            for _ in range(8):
                one = socket.socket(socket.AF_UNIX)
                one.connect(daemon.socket)
                asked.append(one)
            eventually(lambda: calls.failed >= 1, "accept fails")
            for one in asked:
                one.close()
            calls.stop()
            eventually(lambda: self.answers(daemon), os.strerror(error))

    def answers(self, daemon):
        try:
            return daemon.get("/livez")[0] == 200
        except OSError:
            return False

    @slow
    @without_sanitizer("LeakSanitizer cannot look at a process that is traced", "address")
    def test_R08_without_random_numbers_of_the_kernel_the_daemon_runs_and_its_pauses_are_its_own(self):
        upstreams = [self.upstream(), self.upstream()]
        for number, upstream in enumerate(upstreams):
            trace = self.folder("trace") / str(number)
            failing = self.strace("-o", str(trace), "-e", "trace=getrandom", "-e", "inject=getrandom:error=ENOSYS")
            daemon = Daemon(self.folder(f"d{number}"), upstream, ["--upstream-retry-max", "1s", *POLL], failing, wait=False)
            self.addCleanup(daemon.program.kill)
            eventually(lambda: self.serves_or_has_ended(daemon), "it serves")
            self.assertIsNone(daemon.program.process.poll(), daemon.program.log)
            self.assertIn("INJECTED", trace.read_text())
            self.assertNotRegex(trace.read_text(), "getrandom.* = [0-9]")
        self.assert_pauses_differ(upstreams)

    def serves_or_has_ended(self, daemon):
        try:
            return daemon.program.process.poll() is not None or daemon.flag("a", default=0)["value"] == 1
        except OSError:
            return False

    def test_R09_flags_that_nobody_has_leave_no_trace(self):
        daemon = self.bootstrapped()
        client = self.frames(daemon)
        client.hello("production")
        client.batch([f"warm-{i}" for i in range(1000)], {})
        before, series = peak_memory(daemon.program.process), daemon.get("/metrics")[2].count(b"\n")
        for turn in range(count("UNKNOWN", 100)):
            client.batch([f"nobody-{turn}-{i}" for i in range(1000)], {"targetingKey": f"u{turn}"})
        self.assertEqual(daemon.get("/metrics")[2].count(b"\n"), series)
        self.assertLess(peak_memory(daemon.program.process) - before, 16 << 20)

    def test_R10_usage_that_nobody_takes_is_bounded_and_costs_no_answer(self):
        upstream = self.upstream()
        upstream.refuses_reports = True
        daemon = self.live(upstream, [*POLL, "--report-interval", "100ms"])
        client = self.frames(daemon)
        client.hello("production")
        client.batch(["a"] * 1000, {})
        before = peak_memory(daemon.program.process)
        eventually(lambda: metric(daemon, "pennon_reports_failed_total") >= 3, "reports fail")
        for _ in range(count("BATCHES", 100)):
            self.assertEqual(client.batch(["a"] * 1000, {})["evaluations"][0]["value"], 1)
        self.assertLess(peak_memory(daemon.program.process) - before, (64 if IS_SANITIZED else 16) << 20)
        upstream.refuses_reports = False
        eventually(lambda: metric(daemon, "pennon_reports_total") >= 1, "they are taken")
        eventually(lambda: metric(daemon, "pennon_usage_waiting") == 0, "nothing waits any more")
        self.assertEqual(metric(daemon, "pennon_usage_lost_total"), 0)

    def test_R10_more_different_usage_than_is_kept_is_counted_as_lost_and_the_rest_arrives(self):
        upstream = self.upstream()
        variants = [f"v{number}" for number in range(10)]
        many = {"type": "integer", "variants": [{"key": key, "value": 1} for key in variants], "default": {"variant": "v0"}}
        keys = [f"f{number}" for number in range(2_000)]
        upstream.publish(2, {"a": flag(2)} | dict.fromkeys(keys, many))
        upstream.refuses_reports = True
        daemon = self.live(upstream, [*POLL, "--report-interval", "100ms"], revision=2)
        eventually(lambda: metric(daemon, "pennon_reports_failed_total") >= 2, "reports fail")
        client = self.frames(daemon)
        client.hello("production")
        before, sent = peak_memory(daemon.program.process), 0
        for number in range(0, len(keys), 160):  # 10 000 at a time: 160 flags by 10 variants by 6 reasons
            counts = {(key, variant, reason): 1 for key in keys[number:number + 160] for variant in variants for reason in REASONS[:6]}
            client.report(counts)
            self.assertEqual(client.batch(["a"], {})["evaluations"][0]["value"], 2)
            sent += len(counts) + 1
        eventually(lambda: metric(daemon, "pennon_usage_lost_total"), "some are lost, and it is told")
        self.assertLess(peak_memory(daemon.program.process) - before, (256 if IS_SANITIZED else 64) << 20)
        upstream.refuses_reports = False

        def arrived():
            batches = {batch["id"]: batch["counts"] for _, body in upstream.reports for batch in json.loads(body)["usage"]}
            return sum(one["evaluations"] for counts in batches.values() for one in counts)
        eventually(lambda: arrived() + metric(daemon, "pennon_usage_lost_total") == sent, lambda: f"{arrived()} of {sent} have arrived, or are lost")

    def test_R11_a_log_that_nobody_reads_stops_nothing(self):
        upstream = self.upstream()
        folder = self.folder("daemon")
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        try:  # the pipe is full from the beginning, but for the first lines
            while True:
                os.write(writing, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(writing, True)
        os.read(reading, 4096)
        process = subprocess.Popen([BIN / "pennond", "--environment", "production", "--cache-path", "", "--socket-path", str(folder / "s"),
                                    "--http-enabled", "false", "--upstream-url", upstream.url, "--upstream-key-file", upstream.key_file,
                                    "--upstream-poll-interval", "100ms", "--log-level", "debug", *POLL], stderr=writing)
        os.close(writing)
        try:
            path = str(folder / "s")
            eventually(lambda: os.path.exists(path) and upstream.requests, "it runs")
            client = FrameClient(path, 5)
            self.addCleanup(client.close)
            client.hello("production")
            for revision in range(2, 60):
                before = len(upstream.requests)
                upstream.publish(revision, {"a": flag(revision)})
                deadline = time.monotonic() + 5
                while len(upstream.requests) == before:
                    self.assertLess(time.monotonic(), deadline, "it asks no more")
                    time.sleep(0.005)
                eventually(lambda: client.evaluate("a", {})["value"] == revision, "the change is answered")
                self.assertEqual(request(UnixHttpConnection(path), "POST", "/evaluate", {"flag": "a"})[0], 200)
            unread = struct.unpack("i", fcntl.ioctl(reading, termios.FIONREAD, bytes(4)))[0]
            self.assertGreater(unread, fcntl.fcntl(reading, fcntl.F_GETPIPE_SZ) - 4096)  # it was full all the time
        finally:
            process.kill()
            process.wait()
            os.close(reading)


class ClientTest(FaultTest):
    def ask(self, daemon, timeout=300, wrap=(), **options):
        return subprocess.run([*wrap, BIN / "pennon", "--socket", daemon.socket, "--environment", "production", "--timeout", str(timeout), "eval", "banner"],
                              capture_output=True, text=True, timeout=60, **options)

    def test_C01_a_daemon_that_is_stopped_or_dead_costs_a_call_its_deadline_at_most(self):
        daemon = self.bootstrapped()
        self.assertIn("Welcome", self.ask(daemon, 5000).stdout)
        daemon.program.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        self.assertNotEqual(self.ask(daemon).returncode, 0)
        self.assertLess(time.monotonic() - began, 10)
        daemon.program.process.send_signal(signal.SIGCONT)
        daemon.program.kill()
        self.assertNotEqual(self.ask(daemon).returncode, 0)
        daemon.start()
        self.assertIn("Welcome", self.ask(daemon, 5000).stdout)

    def test_C02_a_daemon_that_talks_nonsense_costs_a_call_its_deadline_at_most(self):
        path = self.directory + "/false.sock"
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(path)
        listener.listen(16)
        answers = [os.urandom(4000), b"HTTP/1.1 200 OK\r\n\r\n", bytes.fromhex("f58100000100000000ffffff"), bytes.fromhex("f58100000900000000000000"),
                   bytes.fromhex("f581000001000000ffffffff"), b"", b"\xf5"]

        class False_:
            socket = path
        for said in answers:
            def serve():
                connection, _ = listener.accept()
                connection.recv(4096)
                connection.sendall(said)
                time.sleep(0.05)
                connection.close()
            thread = threading.Thread(target=serve)
            thread.start()
            done = self.ask(False_)
            self.assertIn(done.returncode, (1, 2, 3, 4), (said[:12], done))
            self.assertNotIn("Welcome", done.stdout)
            thread.join()

    def test_C04_few_descriptors_or_no_standard_streams_never_end_a_caller_by_a_signal(self):
        daemon = self.bootstrapped()
        few = self.ask(daemon, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)))
        self.assertGreaterEqual(few.returncode, 0)
        closed = self.ask(daemon, wrap=["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-'])
        self.assertGreaterEqual(closed.returncode, 0)


class SeveralTest(PersistenceTest):
    def test_X01_a_bad_set_a_full_disk_and_a_restart_leave_the_last_good_one(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        with environment(calls.environment):
            daemon = self.start_daemon(upstream, POLL)
        self.wait_revision(daemon, 1)
        upstream.publish(2, {"a": flag(2)})
        self.wait_kept(daemon, 2)
        calls.fail(WRITE | SYNC | TRUNCATE, errno.ENOSPC)
        upstream.fault = lambda connection, _: connection.sendall(answer(200, SyncServer.document(3, {"a": flag(3)})[:-9]))
        self.wait_mishaps(daemon, 2)
        daemon.program.kill()
        with environment(calls.environment):
            daemon.start()
        self.assert_serves(daemon, 2, "cache")
        calls.stop()
        self.heal(upstream, daemon, 4)

    def test_X02_a_restored_upstream_a_damaged_cache_and_a_clock_of_1970_are_got_over_together(self):
        calls = self.failing_calls()
        upstream, daemon = self.cached(3)
        path = pathlib.Path(daemon.cache)
        for name in (path, path.with_name("cache.db-wal")):
            if name.exists():
                name.write_bytes(os.urandom(name.stat().st_size))
        calls.set_clock(-int(time.time()))
        with environment(calls.environment):
            daemon.start()
        self.assertEqual(daemon.get("/livez")[0], 200)
        self.assertTrue(daemon.environment()["cache"]["damage"])
        upstream.document = SyncServer.document(1, {"a": flag(41)}).replace(b'"epoch": 1', b'"epoch": 2')
        upstream.tag = '"2.1"'
        upstream.open()
        eventually(lambda: daemon.flag("a", default=0)["value"] == 41, "the restored one serves")
        self.assertGreaterEqual(daemon.environment()["ageMs"], 0)

    @without_sanitizer("UBSan needs a descriptor to look at an object's type, and reports an error without one")
    def test_X03_no_descriptors_a_new_set_and_the_end_leave_cleanly(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        client = self.frames(daemon)
        client.hello("production")
        process = daemon.program.process
        limit(process, resource.RLIMIT_NOFILE, open_descriptors(process))
        crowd = [self.raw(daemon) for _ in range(10)]
        upstream.publish(2, {"a": flag(2)})
        before = len(upstream.requests)
        eventually(lambda: client.evaluate("a", {})["value"] == 2 or self.has_tried(daemon, upstream, before), "the new set is answered, or cannot be got")
        self.assertIn(client.evaluate("a", {})["value"], (1, 2))
        self.assertEqual(daemon.program.terminate(), 0)
        for one in crowd:
            one.close()

    @staticmethod
    def has_tried(daemon, upstream, before):
        return len(upstream.requests) > before or "does not answer" in daemon.program.log

    def test_X04_a_disk_that_fails_while_a_crash_is_got_over_alters_nothing_and_costs_nothing_later(self):
        upstream, daemon = self.cached(3)
        calls = self.failing_calls()
        chance = random.Random(2)
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        for _ in range(count("RECOVERIES", 25)):
            self.put_back(files)
            kinds = chance.choice((WRITE | SYNC | TRUNCATE, READ, READ, SYNC, WRITE, OPEN, WRITE | SYNC | OPEN | READ | TRUNCATE | UNLINK))
            wanted = (kinds, chance.choice((errno.EIO, errno.ENOSPC)), chance.randint(1, 35), chance.choice((0, 1, 3)))
            calls.fail(*wanted)
            with environment(calls.environment):
                daemon.start()
            self.assertEqual(daemon.flag("a", default=0)["value"], daemon.environment()["revision"], wanted)
            self.assert_all_there(daemon, calls, wanted)
            daemon.program.kill()
