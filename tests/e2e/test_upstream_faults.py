"""Upstreams that refuse, lie, dawdle or flood: the flags stay, the next good answer counts (faults N, D)."""
import gzip
import os
import pathlib
import re
import signal
import subprocess

from frame_client import FrameClient
from harness import BIN, EndToEndTest, eventually
from sync_server import SyncServer
from test_sync import flag, metric


class UpstreamFaultsTest(EndToEndTest):
    def following(self, arguments=()):
        server = SyncServer(self.folder("store"))
        self.addCleanup(server.stop)
        server.publish(1, {"a": flag(1)})
        daemon = self.start_daemon(server, ["--report-enabled", "false", *arguments])
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        return server, daemon

    def recovers(self, server, daemon, value):
        server.headers = []
        server.publish(value, {"a": flag(value)})
        eventually(lambda: daemon.flag("a").get("value") == value, "the next good set is taken")
        eventually(lambda: daemon.environment()["state"] == "live", "it is live again")

    def test_no_status_takes_a_flag_away(self):
        server, daemon = self.following()
        value = 1
        for status in (301, 302, 307, 308, 400, 401, 402, 403, 404, 405, 410, 418, 429, 451, 500, 502, 503, 504):
            for headers in ([], [("Retry-After", "0")], [("Location", "http://127.0.0.1:1/")]):
                server.headers = headers
                failed = metric(daemon, 'pennon_sync_total{result="failed"}')
                server.answer(status, b"{}")
                eventually(lambda: metric(daemon, 'pennon_sync_total{result="failed"}') > failed, "it fails")
                self.assertEqual(daemon.flag("a")["value"], value)
                self.assertEqual(metric(daemon, "pennon_upstream_key_refused"), status in (401, 403))
                is_redirect = status in (301, 302, 307, 308) and bool(headers) and headers[0][0] == "Location"
                self.assertEqual("redirects to another origin" in daemon.environment()["lastError"], is_redirect)
            value += 1
            self.recovers(server, daemon, value)

    def test_what_retry_after_says_is_clamped_and_garbage_is_passed_over(self):
        server, daemon = self.following()
        for text in ("-5", "soon", "Mon, 01 Jan 1990 00:00:00 GMT", "1e9", ""):
            server.headers = [("Retry-After", text)]
            server.answer(503, b"")
            before = server.requests
            eventually(lambda: server.requests > before + 2, "it goes on asking")
        server.headers = [("Retry-After", "999999999999")]
        eventually(lambda: daemon.environment()["nextAttemptMs"] > 1_000, "it waits")
        self.assertLessEqual(daemon.environment()["nextAttemptMs"], 660_000)
        server.headers = []
        server.publish(2, {"a": flag(2)})
        daemon.program.process.send_signal(signal.SIGHUP)  # the operator does not wait
        eventually(lambda: daemon.flag("a")["value"] == 2, "it asked at once")

    def test_after_an_order_to_accept_a_set_the_upstream_is_asked_at_once(self):
        server, daemon = self.following()
        server.publish(2, {})
        eventually(lambda: daemon.environment().get("held"), "it is held back")
        page = lambda: subprocess.run([BIN / "pennon", "--socket", daemon.socket, "status"], capture_output=True, text=True).stdout
        told = eventually(lambda: page() if "SET REFUSED" in page() else "", page)
        self.assertNotIn("UPSTREAM DOWN", told)
        self.assertEqual(told.count("held back until"), 1, told)
        server.headers = [("Retry-After", "999")]
        server.answer(503, b"")
        eventually(lambda: daemon.environment()["nextAttemptMs"] > 60_000, "it waits")
        self.assertIn("UPSTREAM DOWN", page())
        server.headers = []
        server.publish(2, {})
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        client.order("accept")
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        self.assertNotIn("lastError", daemon.environment())

    def test_answers_that_are_no_set_change_nothing(self):
        server, daemon = self.following()
        whole = SyncServer.document(2, {"a": flag(2), "b": flag(2)})
        cases = [b"", b"<html>login</html>", b"null", b"[]", b"{}", b'{"flags":{}}', b'{"error":"quota"}',
                 whole[:-20], whole[:len(whole) // 2], whole.replace(b'"epoch": 1', b'"epoch": -1'),
                 whole.replace(b'"revision": 2', b'"revision": "2"'),
                 whole.replace(b'"value":2', b'"value":3'), whole + whole,
                 SyncServer.document(2, {"a": flag(2)}, environment="staging"),
                 SyncServer.document(2, {"a": flag(2)}, version=2),
                 SyncServer.document(2, {"a": flag(2)}, twice=True)]
        for body in cases:
            bad = lambda: (metric(daemon, 'pennon_sync_total{result="failed"}') +
                           metric(daemon, 'pennon_sync_total{result="refused"}'))
            before = bad()
            server.answer(200, body)
            eventually(lambda: bad() > before, lambda: f"{body[:80]} is refused")
            self.assertEqual(daemon.environment()["revision"], 1)
        self.recovers(server, daemon, 2)

    def test_a_304_that_nobody_asked_for_makes_nothing_ready(self):
        server = SyncServer(self.folder("store"))
        self.addCleanup(server.stop)
        server.answer(304, b"")
        daemon = self.start_daemon(server, ["--report-enabled", "false"])
        eventually(lambda: metric(daemon, 'pennon_sync_total{result="failed"}') >= 2, "it fails")
        self.assertEqual(daemon.environment()["state"], "not-ready")
        self.recovers(server, daemon, 2)

    def test_a_body_that_unpacks_beyond_the_limit_is_not_unpacked(self):
        server, daemon = self.following(["--upstream-max-body", "1MiB"])
        server.headers = [("Content-Encoding", "gzip")]
        server.answer(200, gzip.compress(b" " * 200_000_000, 1))
        eventually(lambda: "more than" in daemon.environment().get("lastError", ""), "it is refused")
        status = pathlib.Path(f"/proc/{daemon.program.process.pid}/status").read_text()
        self.assertLess(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]), 100_000)
        server.answer(200, gzip.compress(b"x" * 1000)[:-4] + b"abcd")  # wrong checksum
        eventually(lambda: "more than" not in daemon.environment().get("lastError", ""), "it is refused")
        self.assertEqual(daemon.flag("a")["value"], 1)
        self.recovers(server, daemon, 2)

    def test_good_and_bad_sets_in_turn_never_turn_an_answer_back(self):
        server, daemon = self.following()
        seen = 1
        for revision in range(2, 12):
            server.publish(revision, {"a": flag(revision)})
            eventually(lambda: daemon.flag("a")["value"] == revision, "the good one is taken")
            refused = metric(daemon, 'pennon_sync_total{result="refused"}')
            server.publish(1, {"a": flag(0)})
            eventually(lambda: metric(daemon, 'pennon_sync_total{result="refused"}') > refused, "it is refused")
            self.assertGreaterEqual(daemon.flag("a")["value"], seen)
            seen = revision

    def test_a_stopped_upstream_is_given_up_and_comes_back(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--upstream-timeout", "300ms", "--upstream-stream-idle", "300ms"])
        eventually(lambda: daemon.flag("banner")["source"] == "live", "it is live")
        os.kill(store.program.process.pid, signal.SIGSTOP)
        try:
            eventually(lambda: daemon.environment()["state"] == "upstream-down", "it is given up")
            self.assertEqual(daemon.flag("banner")["source"], "live")
        finally:
            os.kill(store.program.process.pid, signal.SIGCONT)
        eventually(lambda: daemon.environment()["state"] == "live", "it is back")
