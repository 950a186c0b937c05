"""Rows N of answers: what a store, or whoever answers in its place, says."""
import gzip
import os
import re
import signal
import zlib

from fault_test import *

PATIENT = ["--upstream-retry-max", "10m", "--upstream-stale-after", "1h"]


class AnswerTest(FaultTest):
    def test_N10_errors_of_the_server_with_any_retry_after_cost_only_time(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        revision = 1
        for status in (500, 502, 503, 504):
            for again in (None, "0", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "1e3", ""):
                with self.subTest(status=status, again=again):
                    headers = [] if again is None else [("Retry-After", again)]
                    upstream.fault = once(answer(status, b"{}", headers))
                    self.wait_mishaps(daemon, 1)
                    self.assertIn(str(status), daemon.environment()["lastError"])
                    self.assert_serves(daemon, revision)
        self.heal(upstream, daemon, 2)

    def test_N10_retry_after_is_obeyed_up_to_ten_minutes_and_sighup_asks_at_once(self):
        upstream = self.upstream()
        for seconds, least, most in (("1000000000", 590_000, 661_000), ("120", 115_000, 133_000),
                                     ("99999999999999999999", 0, 661_000)):
            with self.subTest(seconds):
                daemon = self.live(upstream, POLL, name="daemon-" + seconds[:6])
                upstream.fault = once(answer(503, b"", [("Retry-After", seconds)]))
                self.wait_mishaps(daemon, 1)
                self.assertTrue(least <= daemon.environment()["nextAttemptMs"] <= most, daemon.environment())
                upstream.fault = None
                daemon.program.process.send_signal(signal.SIGHUP)
                eventually(lambda: daemon.environment()["state"] == "live", "it asks at once")

    def test_N11_a_flood_of_429_makes_nobody_ask_faster(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        upstream.fault = once(answer(429, b"", [("Retry-After", "0")]))
        self.wait_mishaps(daemon, 8)
        times = [one.at for one in upstream.requests][-7:]
        for earlier, later in zip(times, times[1:]):
            self.assertGreaterEqual(later - earlier, 0.095)
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N12_a_key_that_is_refused_once_costs_no_flag_and_a_new_one_or_sighup_asks_at_once(self):
        upstream = self.upstream()
        for status, hangs_up in ((401, False), (403, False), (401, True)):
            daemon = self.live(upstream, [*PATIENT, "--upstream-stream", "false"], name=f"daemon-{status}-{hangs_up}")
            upstream.fault = once(answer(status, b"{}"))
            self.wait_mishaps(daemon, 1)
            told = daemon.environment()
            self.assertTrue(140_000 <= told["nextAttemptMs"] <= 300_000, told)
            self.assertIn("sync key", told["lastError"])
            self.assert_serves(daemon)
            upstream.fault = None
            if hangs_up:
                daemon.program.process.send_signal(signal.SIGHUP)
            else:
                with open(upstream.key_file + ".new", "w") as key:
                    key.write(f"pn_sync_new_{status}")
                os.chmod(key.name, 0o600)
                os.rename(key.name, upstream.key_file)
            eventually(lambda: daemon.environment()["state"] == "live", "it asks at once")
            if not hangs_up:
                self.assertEqual(upstream.requests[-1].headers["authorization"], f"Bearer pn_sync_new_{status}")

    def test_N13_a_key_that_is_refused_for_ever_costs_no_flag_and_no_flood_of_lines(self):
        for status in (401, 403):
            with self.subTest(status):
                upstream = self.upstream()
                daemon = self.live(upstream, name=f"daemon-{status}")
                self.assertEqual(metric(daemon, "pennon_upstream_key_refused"), 0)
                upstream.stream_status = status
                upstream.fault = once(answer(status, b"{}"))
                self.wait_mishaps(daemon, 15)
                self.assert_serves(daemon)
                self.assertEqual(daemon.get("/readyz")[0], 200)
                self.assertEqual(metric(daemon, "pennon_upstream_key_refused"), 1)
                self.assertEqual(len(re.findall(f"does not answer.*{status}", daemon.program.log)), 1)
                self.heal(upstream, daemon, 2)
                self.assertEqual(metric(daemon, "pennon_upstream_key_refused"), 0)
                self.assertEqual(daemon.program.terminate(), 0)

    def test_N13_a_key_that_is_refused_for_the_stream_alone_costs_no_change_and_no_flood_of_lines(self):
        upstream = self.upstream()
        upstream.stream_status = 403
        daemon = self.live(upstream)
        for revision in range(2, 8):
            asked = len(upstream.streams)
            upstream.publish(revision, {"a": flag(revision)})
            self.wait_revision(daemon, revision)
            eventually(lambda: len(upstream.streams) > asked, "the stream is asked for again")
        told = daemon.environment()
        self.assertEqual((told["state"], told["stream"]["open"]), ("live", False))
        self.assertIn("403", told["stream"]["lastError"])
        self.assertEqual(metric(daemon, "pennon_upstream_key_refused"), 0)  # it is of what brings flags
        self.assertEqual(len(re.findall("stream of the upstream is not open", daemon.program.log)), 1)
        sent = []
        upstream.stream = lambda connection, _: sent.append(connection.sendall(b":\n\n")) or GONE.wait(60)
        eventually(lambda: sent and daemon.environment()["stream"]["open"], "it is open when the key is good again")

    def test_N14_other_refusals_cost_no_flag(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        revision = 1
        for status in (404, 405, 410, 402, 451, 418):
            with self.subTest(status):
                self.ride_out(once(answer(status, b"<h1>no</h1>", content_type="text/html")), str(status),
                              upstream=upstream, daemon=daemon, times=1)

    def test_N15_not_modified_without_a_set_is_never_taken_for_one(self):
        upstream = self.upstream()
        upstream.fault = once(head(304, [("ETag", '"1.1"')]))
        daemon = self.start_daemon(upstream, POLL)
        self.wait_mishaps(daemon, 2)
        self.assertEqual(daemon.get("/readyz")[0], 503)
        self.assertNotIn("if-none-match", upstream.requests[-1].headers)
        upstream.fault = None
        self.wait_revision(daemon, 1)

    def test_N15_not_modified_with_another_tag_or_a_body_changes_nothing(self):
        upstream = self.upstream()
        upstream.tag = '"a"'  # with the tag of a store, it is asked for what is new since, and no tag is sent
        daemon = self.live(upstream, POLL)
        for fault in (once(head(304, [("ETag", '"1.9"')])),
                      once(head(304, [("ETag", '"a"'), ("Content-Length", "500")]) + SyncServer.document(9, {}))):
            upstream.fault = fault
            before = len(upstream.requests)
            eventually(lambda: len(upstream.requests) >= before + 3, "it is asked again")
            self.assertEqual(daemon.environment()["revision"], 1)
            self.assertEqual(upstream.requests[-1].headers["if-none-match"], '"a"')
            self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N15_not_modified_that_was_not_asked_for_is_a_failure(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        upstream.fault = once(head(304, [("ETag", '"1.1"')]))
        self.wait_mishaps(daemon, 2)
        self.assertNotIn("if-none-match", upstream.requests[-1].headers)
        self.assertTrue(upstream.requests[-1].path.endswith("?since=1.1"))
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N15_no_content_of_somebody_else_is_a_failure(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        upstream.fault = once(head(204, []))
        self.wait_mishaps(daemon, 2)
        self.assertTrue(upstream.requests[-1].path.endswith("?since=1.1"))
        self.assertIn("204", daemon.environment()["lastError"])
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N16_a_body_that_is_cut_short_is_refused_and_fetched_again(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        document = SyncServer.document(2, {"a": flag(2), "b": flag(3)})
        chunked = head(200, [("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked"), ("ETag", '"1.2"')])
        chunk = b"%x\r\n%s\r\n" % (len(document), document)
        lines = document.splitlines(keepends=True)
        short = [answer(200, document, [("ETag", '"1.2"')])[:-7], chunked + chunk[:-9], chunked + chunk,
                 chunked + chunk + b"0\r\n", answer(200, b"".join(lines[:-1]), [("ETag", '"1.2"')]),
                 answer(200, lines[0], [("ETag", '"1.2"')])]
        for data in short:
            with self.subTest(data[-60:]):
                upstream.fault = once(data)
                self.wait_mishaps(daemon, 2)
                self.assertEqual(daemon.environment()["revision"], 1)
                self.assertTrue(upstream.requests[-1].path.endswith("?since=1.1"))
        upstream.fault = once(chunked + chunk + b"0\r\n\r\n")
        self.wait_revision(daemon, 2)

    def test_N17_what_is_no_flag_set_is_refused(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        page = b"<html><body>Sign in to the wifi</body></html>"
        for body, kind in ((b"", "application/x-ndjson"), (b"\n", "application/x-ndjson"), (page, "application/x-ndjson"), (page, "text/html"),
                           (b"{}", "application/json"), (page, "application/json"), (b"", ""), (b"{}", "application/x-ndjson")):
            with self.subTest(body=body, kind=kind):
                self.ride_out(once(answer(200, body, [("ETag", '"1.9"')], kind)), upstream=upstream, daemon=daemon, times=1)
        self.assertIn("upstream answers with what is no flag set", daemon.program.log)
        self.assertNotIn("does not answer", daemon.program.log)

    def test_N18_compressed_bodies_are_bounded_and_checked(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false", "--upstream-max-body", "4MiB"])
        before = peak_memory(daemon.program.process)
        squeezer = zlib.compressobj(9, wbits=31)
        piece = b" " * (1 << 20)
        bomb = b"".join(squeezer.compress(piece) for _ in range(512)) + squeezer.flush()
        document = SyncServer.document(9, {"a": flag(9)})
        good = gzip.compress(document)
        wrong = bytearray(good)
        wrong[-8] ^= 1  # the CRC
        nested = gzip.compress(gzip.compress(document))
        for encoding, body in (("gzip", bomb), ("gzip", bytes(wrong)), ("gzip, gzip", nested[:40]), ("br", document), ("gzip", document),
                               ("deflate", good[5:]), ("gzip", good[:-30]), ("zstd", document), (", ".join(["gzip"] * 100), good)):
            with self.subTest(encoding=encoding):
                self.ride_out(once(answer(200, body, [("Content-Encoding", encoding), ("ETag", '"1.9"')])),
                              upstream=upstream, daemon=daemon, times=1)
        self.assertLess(peak_memory(daemon.program.process) - before, (256 if IS_SANITIZED else 64) << 20)
        revision = daemon.environment()["revision"] + 1
        upstream.fault = once(answer(200, gzip.compress(SyncServer.document(revision, {"a": flag(5)})), [("Content-Encoding", "gzip")]))
        self.wait_revision(daemon, revision)

    def test_N22_a_redirect_on_the_same_origin_is_followed(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        for revision, status in enumerate((301, 302, 303, 307, 308), start=2):
            upstream.publish(revision, {"a": flag(revision)})

            def redirect(connection, request, status=status):
                if "moved" in request.path:
                    connection.sendall(answer(200, upstream.document, [("ETag", upstream.tag)]))
                else:
                    connection.sendall(answer(status, b"", [("Location", "/sync/v1/flagset?moved")]))
                return True
            upstream.fault = redirect
            with self.subTest(status):
                eventually(lambda: daemon.flag("a")["value"] == revision, "it was followed")
                moved = [one for one in upstream.requests if "moved" in one.path]
                self.assertEqual(moved[-1].headers["authorization"], "Bearer pn_sync_test")

    def test_N22_redirects_elsewhere_and_without_end_cost_no_flag_and_the_key_goes_nowhere(self):
        upstream = self.upstream()
        other = RawUpstream(self.folder("other"), host="127.0.0.2")
        self.addCleanup(other.close)
        other.publish(9, {"a": flag(9)})
        daemon = self.live(upstream, POLL)
        for status in (301, 302, 303, 307, 308):
            for place in (other.url + "/sync/v1/flagset", upstream.url + "/sync/v1/flagset?loop", "/sync/v1/flagset?again",
                          "http://169.254.169.254/latest", "file:///etc/passwd", "gopher://127.0.0.1:1/", "//127.0.0.2:%d/" % other.port):
                upstream.fault = once(answer(status, b"", [("Location", place)]))
                with self.subTest(status=status, place=place):
                    self.wait_mishaps(daemon, 1)
        self.assertEqual(other.requests, [])
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N25_answers_out_of_shape_are_refused_or_bounded(self):
        upstream = self.upstream()
        daemon = self.live(upstream, [*POLL, "--upstream-timeout", "1s"])
        before = peak_memory(daemon.program.process)
        body = SyncServer.document(9, {"a": flag(9)})[:-5]
        typed = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
        size = b"Content-Length: %d\r\n" % len(body)
        for what, data in {
                "a negative length": typed + b"Content-Length: -5\r\n\r\n" + body, "a huge length": typed + b"Content-Length: 9999999999999999999999\r\n\r\n" + body,
                "two lengths": typed + size + b"Content-Length: 5\r\n\r\n" + body[:5], "a wrong chunk": typed + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + body,
                "a huge chunk": typed + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + body, "no HTTP": body, "HTTP/0.9": b"flags!\n" + body,
                "HTTP/9.9": b"HTTP/9.9 200 OK\r\n\r\n" + body, "no status": b"HTTP/1.1 \r\n\r\n" + body, "a status of 1": b"HTTP/1.1 1 X\r\n\r\n",
                "a large header": b"HTTP/1.1 200 OK\r\nX: " + b"y" * (4 << 20) + b"\r\n\r\n", "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 300_000 + b"\r\n",
                "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000, "an upgrade": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + body,
                "nothing": b"", "a NUL in the status": b"HTTP/1.1 200 O\0K\r\nX: a\0b\r\n\r\n"}.items():
            with self.subTest(what):
                def fault(connection, _, data=data):
                    connection.sendall(data)
                    shut(connection)
                upstream.fault = fault
                self.wait_mishaps(daemon, 1)
                self.assertEqual(daemon.environment()["revision"], 1)
                self.assert_serves(daemon)
        self.assertLess(peak_memory(daemon.program.process) - before, (256 if IS_SANITIZED else 64) << 20)
        self.heal(upstream, daemon, 2)

    def test_N26_a_portal_that_answers_everything_costs_nothing_but_freshness(self):
        upstream = self.upstream()
        page = answer(200, b"<html>Welcome to the hotel</html>", content_type="text/html")
        portal = lambda connection, _: connection.sendall(page) or True
        upstream.stream = lambda connection, _: connection.sendall(b"<html>Welcome</html>\n\n")
        daemon = self.live(upstream)
        upstream.fault = portal
        self.wait_mishaps(daemon, 3)
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)
