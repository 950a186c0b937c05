"""Rows K of a daemon that crashes, once or again and again."""
import json
import signal
import subprocess

from fault_test import *


class CrashTest(FaultTest):
    def crash(self, daemon, deadly):
        limit(daemon.program.process, resource.RLIMIT_CORE, 0)
        daemon.program.process.send_signal(deadly)
        self.assertEqual(daemon.program.process.wait(timeout=60), -deadly)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_K16_after_three_crashes_within_a_minute_the_set_is_held_back_and_the_one_before_serves(self):
        upstream, daemon = self.cached(2)
        upstream.open()
        for deadly in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
            daemon.start()
            self.wait_revision(daemon, 2)
            self.crash(daemon, deadly)
        daemon.start()
        self.assert_serves(daemon, 1, "cache")
        eventually(lambda: daemon.environment().get("held") == "1.2", daemon.environment)
        self.assertIn("crashed", json.dumps(daemon.environment()))
        daemon.program.end()
        daemon.start()  # and not only this once
        eventually(lambda: daemon.environment().get("held") == "1.2", daemon.environment)
        self.assert_serves(daemon, 1)
        upstream.publish(3, {"a": flag(3)})
        self.wait_revision(daemon, 3)
        self.assertFalse(daemon.environment().get("held"))
        daemon.program.end()
        daemon.start()
        self.assert_serves(daemon, 3)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_K16_a_set_that_crashes_before_it_is_in_the_cache_is_held_back_not_the_good_one_that_is(self):
        upstream, daemon = self.cached(1)
        upstream.publish(2, {"a": flag(2)})
        upstream.open()
        for _ in range(3):
            daemon.start()
            self.wait_revision(daemon, 2)
            self.crash(daemon, signal.SIGSEGV)
        daemon.start()
        eventually(lambda: daemon.environment().get("held") == "1.2", daemon.environment)
        self.assert_serves(daemon, 1)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_K16_who_accepts_the_set_that_was_held_back_gets_it(self):
        upstream, daemon = self.cached(2)
        for _ in range(3):
            daemon.start()
            self.crash(daemon, signal.SIGSEGV)
        upstream.open()
        daemon.start()
        eventually(lambda: daemon.environment().get("held") == "1.2", daemon.environment)
        subprocess.run([BIN / "pennon", "--socket", daemon.socket, "accept"], check=True, capture_output=True)
        self.wait_revision(daemon, 2)
        self.crash(daemon, signal.SIGSEGV)
        daemon.start()
        self.assert_serves(daemon, 2)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_K15_signals_that_kill_others_cost_a_restart_at_most(self):
        upstream, daemon = self.cached(2)
        daemon.start()
        daemon.program.process.send_signal(signal.SIGPIPE)
        daemon.program.process.send_signal(signal.SIGXFSZ)
        self.assert_serves(daemon, 2)
        for deadly in (signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT, signal.SIGKILL):
            self.crash(daemon, deadly)
            daemon.start()
            self.assert_serves(daemon, 2, "cache")
