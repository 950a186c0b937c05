"""Rows T: wall clocks that jump, are wrong, or stand still with the process."""
import signal
import time

from certificates import Certificates
from fault_test import *

DAY = 86_400
YEAR_2040 = 2_208_988_800


class TimeTest(FaultTest):
    def clocked(self, upstream, calls, arguments=()):
        with environment(calls.environment):
            daemon = self.start_daemon(upstream, [*POLL, *arguments])
        return daemon

    def test_T01_a_clock_that_jumps_stalls_nothing_and_hurries_nothing(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.clocked(upstream, calls)
        self.wait_revision(daemon, 1)
        present = int(time.time())
        for revision, ahead in enumerate((10 * DAY, -10 * DAY, -present, YEAR_2040 - present, 1, 0), 2):
            with self.subTest(ahead):
                before = len(upstream.requests)
                calls.set_clock(ahead)
                began = time.monotonic()
                self.heal(upstream, daemon, revision)
                self.assertGreaterEqual(daemon.environment()["ageMs"], 0)
                eventually(lambda: len(upstream.requests) >= before + 5, "polls go on")
                times = [one.at for one in upstream.requests[before:]]
                self.assertGreater(times[4] - times[0], 0.3)
                self.assertLess(time.monotonic() - began, 30)
        self.wait_kept(daemon, 7)
        for ahead in (10 * DAY, -present, YEAR_2040 - present):  # a start at another time
            daemon.program.kill()
            calls.set_clock(ahead)
            upstream.close()
            with environment(calls.environment):
                daemon.start()
            answered = daemon.flag("a")
            self.assertEqual((answered["value"], answered["source"]), (7, "cache"))
            self.assertGreaterEqual(answered["ageMs"], 0)
            upstream.open()
            eventually(lambda: daemon.environment()["source"] == "live", "it is live")

    def test_T02_a_jump_within_a_pause_leaves_the_pause_as_it_is(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        daemon = self.clocked(upstream, calls)
        self.wait_revision(daemon, 1)
        upstream.fault = lambda connection, _: connection.sendall(answer(503, b"", [("Retry-After", "120")]))
        self.wait_mishaps(daemon, 1)
        before = daemon.environment()["nextAttemptMs"]
        for ahead in (10 * DAY, -10 * DAY):
            calls.set_clock(ahead)
            now = daemon.environment()["nextAttemptMs"]
            self.assertTrue(before - 60_000 < now <= before, (before, now))

    def test_T03_a_clock_that_is_wrong_at_the_start_is_told_and_the_cache_serves(self):
        calls = self.failing_calls()
        certificates = Certificates(self.folder("tls"))
        upstream = self.upstream(context=certificates.context("good"))
        daemon = self.clocked(upstream, calls, ["--upstream-ca-file", certificates.ca])
        self.wait_revision(daemon, 1)
        self.wait_written(daemon, 1)
        daemon.program.kill()
        calls.set_clock(-int(time.time()))
        with environment(calls.environment):
            daemon.start()
        self.wait_mishaps(daemon, 1)
        self.assert_serves(daemon, 1, "cache")
        self.assertRegex(daemon.environment()["lastError"], "(?i)certificate.*not yet valid")
        calls.set_clock(0)
        self.heal(upstream, daemon, 2)

    def test_T04_after_a_pause_of_the_process_there_is_one_poll_and_no_burst(self):
        upstream = self.upstream()
        daemon = self.live(upstream, [*POLL, "--upstream-poll-interval", "200ms"])
        process = daemon.program.process
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        before = len(upstream.requests)
        time.sleep(2)  # the pause itself
        process.send_signal(signal.SIGCONT)
        eventually(lambda: len(upstream.requests) >= before + 4, "it polls again")
        times = [one.at for one in upstream.requests[before:]]
        self.assertGreater(times[3] - times[0], 0.3)
        self.assertGreaterEqual(daemon.environment()["ageMs"], 0)

    def test_T05_a_rule_with_a_time_follows_the_clock_of_the_host_also_without_its_upstream(self):
        calls = self.failing_calls()
        upstream = self.upstream()
        windowed = {"type": "integer", "variants": [{"key": "v", "value": 1}, {"key": "w", "value": 2}], "default": {"variant": "v"},
                    "rules": [{"window": {"from": "2040-01-01T00:00:00Z", "to": "2041-01-01T00:00:00Z"}, "serve": {"variant": "w"}}]}
        upstream.publish(1, {"a": windowed})
        daemon = self.clocked(upstream, calls)
        self.wait_revision(daemon, 1)
        upstream.close()
        self.assert_serves(daemon, 1)
        calls.set_clock(YEAR_2040 + 3600 - int(time.time()))
        eventually(lambda: daemon.flag("a")["value"] == 2, "the window is open")
        calls.set_clock(0)
        eventually(lambda: daemon.flag("a")["value"] == 1, "it is shut")
