"""Rows N: what the network and the store do to a daemon that follows."""
import gzip
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import zlib

from failing_calls import ADDRESS, BROKEN_IPV6, HANG, NO_ADDRESS, NO_SUCH_NAME, TRY_AGAIN
from certificates import Certificates
from fault_proxy import FaultProxy
from fault_test import *

PATIENT = ["--upstream-retry-max", "10m", "--upstream-stale-after", "1h"]


def hold(*_):
    GONE.wait(60)


def drip(data, pause):
    def send(connection, _):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
    return send


def once(data, after=None):
    """A fault that sends these bytes and ends, by `after` or a clean close."""
    def send(connection, _):
        connection.sendall(data)
        if after:
            after(connection)
    return send


class NetworkTest(FaultTest):
    def test_N01_a_refused_connection_leaves_the_cached_set_serving(self):
        upstream = self.upstream()
        daemon = self.live(upstream)
        self.wait_written(daemon, 1)
        upstream.close()
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon, 1, "live")
        daemon.program.kill()
        daemon.start()
        self.assert_serves(daemon, 1, "cache")
        eventually(lambda: daemon.flag("a")["stale"], "the age shows")
        self.assertRegex(daemon.environment()["lastError"], "(?i)connect")
        upstream.open()
        self.heal(upstream, daemon, 2)

    def test_N02_names_that_do_not_resolve_are_passing_trouble(self):
        calls = self.failing_calls()
        upstream = self.upstream(host="127.0.0.1")
        port = upstream.port

        class Named:
            url, key_file = f"http://upstream.test:{port}", upstream.key_file
        with environment(calls.environment):
            daemon = self.live(Named, ["--upstream-stream", "false", "--upstream-connect-timeout", "300ms"])
        revision = 1
        for what in (NO_SUCH_NAME, TRY_AGAIN, NO_ADDRESS, HANG):
            with self.subTest(what):
                calls.names(what, millis=1000)
                daemon.program.kill()
                with environment(calls.environment):
                    daemon.start()
                self.wait_mishaps(daemon, 2)
                began = time.monotonic()
                self.assert_serves(daemon, revision, "cache")
                self.assertLess(time.monotonic() - began, 0.9)  # it does not wait for the name server
                self.assertRegex(daemon.environment()["lastError"], "(?i)resol|time")
                calls.names(0)
                revision += 1
                self.heal(upstream, daemon, revision)
                self.wait_written(daemon, 1)

    def test_N02_another_address_of_the_same_name_is_followed(self):
        calls = self.failing_calls()
        calls.names(ADDRESS, 2)
        first = self.upstream(host="127.0.0.2")

        class Named:
            url, key_file = f"http://upstream.test:{first.port}", first.key_file
        with environment(calls.environment):
            daemon = self.live(Named, ["--upstream-stream", "false"])
        first.close()
        calls.names(ADDRESS, 3)
        second = RawUpstream(self.folder("second"), host="127.0.0.3", port=first.port)
        self.addCleanup(second.close)
        second.publish(2, {"a": flag(2)})
        self.wait_mishaps(daemon, 1)
        # curl remembers addresses for a minute; a new process does not.
        daemon.program.kill()
        with environment(calls.environment):
            daemon.start()
        self.wait_revision(daemon, 2)

    def test_N03_bytes_that_vanish_run_into_the_deadline(self):
        upstream = self.upstream()
        proxy = FaultProxy(upstream.port)
        self.addCleanup(proxy.refuse)

        class Through:
            url, key_file = f"http://127.0.0.1:{proxy.port}", upstream.key_file
        daemon = self.live(Through, ["--upstream-timeout", "400ms", "--upstream-stream-idle", "400ms"])
        proxy.set(blackhole=True)
        self.wait_mishaps(daemon, 2)
        self.assertRegex(daemon.environment()["lastError"], "(?i)time")
        self.assert_serves(daemon)
        proxy.set()
        self.heal(upstream, daemon, 2)

    def test_N03_a_connect_that_is_never_answered_runs_into_its_own_deadline(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false", "--upstream-connect-timeout", "300ms"])
        upstream.close()
        full = socket.socket()  # its queue is full: the kernel drops further connects
        full.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        full.bind(("127.0.0.1", upstream.port))
        full.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", upstream.port))
            fillers.append(filler)
        self.wait_mishaps(daemon, 3)
        self.assert_serves(daemon)
        eventually(lambda: re.search("(?i)time", daemon.environment()["lastError"]), "the deadline is told")
        for one in (*fillers, full):
            one.close()
        upstream.open()
        self.heal(upstream, daemon, 2)

    def test_N04_a_stopped_store_is_left_alone_and_its_late_bytes_count_for_nothing(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--upstream-timeout", "500ms", "--upstream-stream-idle", "500ms"])
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        before = daemon.flag("banner")
        store.program.process.send_signal(signal.SIGSTOP)
        try:
            self.wait_mishaps(daemon, 2)
            self.assertEqual(daemon.flag("banner")["value"], before["value"])
        finally:
            store.program.process.send_signal(signal.SIGCONT)
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")

    def test_N05_a_reset_at_each_phase_leaves_nothing_half_applied(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        next_one = SyncServer.document(7, {"a": flag(7), "b": flag(8)})
        whole = answer(200, next_one, [("ETag", '"1.7"')])
        for size in (0, 5, 30, whole.index(b"\r\n\r\n") + 2, whole.index(b"\r\n\r\n") + 4, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                upstream.fault = once(whole[:size], reset)
                self.wait_mishaps(daemon, 2)
                self.assertEqual(daemon.environment()["revision"], 1)
                self.assert_serves(daemon)
                self.assertEqual(upstream.requests[-1].headers.get("if-none-match"), '"1.1"')
        self.heal(upstream, daemon, 2)

    def test_N05_a_reset_within_the_handshake_and_after_it_is_passing_trouble(self):
        certificate = Certificates(self.folder("tls"))
        upstream = self.upstream(context=certificate.context("good"))
        proxy = FaultProxy(upstream.port)
        self.addCleanup(proxy.refuse)

        class Through:
            url, key_file = f"https://127.0.0.1:{proxy.port}", upstream.key_file
        daemon = self.live(Through, ["--upstream-ca-file", certificate.ca, "--upstream-stream", "false"])
        for size in (0, 1, 100, 800):
            with self.subTest(size):
                proxy.set(reset_after=size)
                proxy.cut()
                self.wait_mishaps(daemon, 2)
                self.assert_serves(daemon)
        proxy.set()
        proxy.cut()
        self.heal(upstream, daemon, 2)

    def test_N05_a_stream_that_is_reset_within_an_event_changes_nothing(self):
        upstream = self.upstream()
        delta = SyncServer.delta(1, 2, {"a": flag(2)}, [], {"a": flag(2)})
        event = b"event: delta\nid: 1.2\n" + b"".join(b"data: " + line + b"\n" for line in delta.splitlines()) + b"\n"

        def cut(connection, _):
            connection.sendall(event[:-1])
            reset(connection)
        upstream.stream = cut
        daemon = self.live(upstream)
        eventually(lambda: len(upstream.streams) >= 3, "the stream is opened again")
        self.assertEqual(daemon.environment()["revision"], 1)
        upstream.stream = lambda connection, _: (connection.sendall(event), hold())
        self.wait_revision(daemon, 2)

    def test_N06_an_answer_that_is_late_counts_and_one_that_is_too_late_does_not(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false", "--upstream-timeout", "1s"])

        def late(seconds):
            def fault(connection, _):
                time.sleep(seconds)
                connection.sendall(answer(200, SyncServer.document(2, {"a": flag(2)}), [("ETag", '"1.2"')]))
                return True
            return fault
        upstream.fault = late(1.5)
        self.wait_mishaps(daemon, 2)
        self.assertEqual(daemon.environment()["revision"], 1)
        upstream.fault = late(0.3)
        self.wait_revision(daemon, 2)

    @slow
    def test_N07_a_body_that_trickles_is_given_up(self):
        upstream = self.upstream()
        upstream_size = 3 << 20

        def trickle(connection, _):
            connection.sendall(head(200, [("Content-Type", "application/x-ndjson"), ("Content-Length", upstream_size)]))
            while True:
                connection.sendall(b" " * 50)
                time.sleep(0.1)
        self.ride_out(trickle, "(?i)slow|bytes/sec", ["--upstream-timeout", "1h"], times=1, upstream=upstream)

    def test_N08_a_header_that_drips_runs_into_the_deadline(self):
        self.ride_out(drip(answer(200, b"x" * 100), 0.05), "(?i)time", ["--upstream-timeout", "500ms"])

    def test_N09_a_body_that_drips_for_ever_runs_into_the_deadline(self):
        def fault(connection, _):
            connection.sendall(head(200, [("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")]))
            while True:
                connection.sendall(b"1\r\n \r\n")
                time.sleep(0.05)
        self.ride_out(fault, "(?i)time", ["--upstream-timeout", "500ms"])

    def test_N10_errors_of_the_server_with_any_retry_after_cost_only_time(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
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
                daemon = self.live(upstream, ["--upstream-stream", "false"], name="daemon-" + seconds[:6])
                upstream.fault = once(answer(503, b"", [("Retry-After", seconds)]))
                self.wait_mishaps(daemon, 1)
                self.assertTrue(least <= daemon.environment()["nextAttemptMs"] <= most, daemon.environment())
                upstream.fault = None
                daemon.program.process.send_signal(signal.SIGHUP)
                eventually(lambda: daemon.environment()["state"] == "live", "it asks at once")

    def test_N11_a_flood_of_429_makes_nobody_ask_faster(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
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
        upstream = self.upstream()
        upstream.stream = lambda connection, _: connection.sendall(b"")
        daemon = self.live(upstream)
        upstream.fault = once(answer(401, b"{}"))
        self.wait_mishaps(daemon, 15)
        self.assert_serves(daemon)
        self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assertEqual(len(re.findall("does not answer.*401", daemon.program.log)), 1)
        self.heal(upstream, daemon, 2)

    def test_N14_other_refusals_cost_no_flag(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        revision = 1
        for status in (404, 405, 410, 402, 451, 418):
            with self.subTest(status):
                self.ride_out(once(answer(status, b"<h1>no</h1>", content_type="text/html")), str(status),
                              upstream=upstream, daemon=daemon, times=1)

    def test_N15_not_modified_without_a_set_is_never_taken_for_one(self):
        upstream = self.upstream()
        upstream.fault = once(head(304, [("ETag", '"1.1"')]))
        daemon = self.start_daemon(upstream, ["--upstream-stream", "false"])
        self.wait_mishaps(daemon, 2)
        self.assertEqual(daemon.get("/readyz")[0], 503)
        self.assertNotIn("if-none-match", upstream.requests[-1].headers)
        upstream.fault = None
        self.wait_revision(daemon, 1)

    def test_N15_not_modified_with_another_tag_or_a_body_changes_nothing(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        for fault in (once(head(304, [("ETag", '"1.9"')])),
                      once(head(304, [("ETag", '"1.1"'), ("Content-Length", "500")]) + SyncServer.document(9, {}))):
            upstream.fault = fault
            before = len(upstream.requests)
            eventually(lambda: len(upstream.requests) >= before + 3, "it is asked again")
            self.assertEqual(daemon.environment()["revision"], 1)
            self.assertEqual(upstream.requests[-1].headers["if-none-match"], '"1.1"')
            self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)

    def test_N16_a_body_that_is_cut_short_is_refused_and_fetched_again(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
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
                self.assertEqual(upstream.requests[-1].headers["if-none-match"], '"1.1"')
        upstream.fault = once(chunked + chunk + b"0\r\n\r\n")
        self.wait_revision(daemon, 2)

    def test_N17_what_is_no_flag_set_is_refused(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        page = b"<html><body>Sign in to the wifi</body></html>"
        for body, kind in ((b"", "application/x-ndjson"), (b"\n", "application/x-ndjson"), (page, "application/x-ndjson"), (page, "text/html"),
                           (b"{}", "application/json"), (page, "application/json"), (b"", ""), (b"{}", "application/x-ndjson")):
            with self.subTest(body=body, kind=kind):
                self.ride_out(once(answer(200, body, [("ETag", '"1.9"')], kind)), upstream=upstream, daemon=daemon, times=1)

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
        self.assertLess(peak_memory(daemon.program.process) - before, 64 << 20)
        revision = daemon.environment()["revision"] + 1
        upstream.fault = once(answer(200, gzip.compress(SyncServer.document(revision, {"a": flag(5)})), [("Content-Encoding", "gzip")]))
        self.wait_revision(daemon, revision)

    def test_N19_a_stream_that_ends_at_once_is_opened_at_growing_intervals(self):
        upstream = self.upstream()
        upstream.stream = lambda connection, _: None
        daemon = self.live(upstream, ["--upstream-retry-max", "5s", "--upstream-stale-after", "1h"])
        eventually(lambda: len(upstream.requests) >= count("STREAMS", 30), "polls go on")
        times = [one.at for one in upstream.streams]
        self.assertTrue(2 <= len(times) <= 12, f"{len(times)} streams in {len(upstream.requests)} polls")
        self.assert_serves(daemon)
        self.assertEqual(daemon.environment()["state"], "live")

    def test_N20_a_stream_lives_by_heartbeats_or_events_and_dies_without_both(self):
        upstream = self.upstream()
        patient = ["--upstream-stream-idle", "400ms", "--upstream-poll-interval", "30s", "--upstream-stale-after", "1h"]

        def silent(connection, _):
            connection.sendall(b":\n\n")
            hold()
        upstream.stream = silent
        daemon = self.live(upstream, patient)
        eventually(lambda: len(upstream.streams) >= 3, "a silent one is opened again")
        daemon.program.kill()
        for signs in (b":\n\n", b"event: changed\nid: 1.1\ndata: {}\n\n"):
            sent = []

            def lively(connection, _):
                while True:
                    connection.sendall(signs)
                    sent.append(1)
                    time.sleep(0.05)
            upstream.stream = lively
            before = len(upstream.streams)
            daemon.start()
            eventually(lambda: len(sent) > 30, "signs of life for three idle times")
            self.assertEqual(len(upstream.streams), before + 1, signs)
            self.assertTrue(daemon.environment()["stream"]["open"])
            daemon.program.kill()

    def test_N21_events_that_are_wrong_change_nothing_and_good_ones_count_in_any_form(self):
        upstream = self.upstream()
        sent = threading.Event()
        garbage = (b"event: delta\nid: 1.7\ndata: {nonsense\n\n", b"event: changed\nid: x\ndata: {}\n\n", b"event: surprise\ndata: 1\n\n",
                   b"data\n\n", b"event: delta\nid: 1.1\ndata: {}\n\n", b"id: \x00\nevent: delta\ndata: \xff\xfe\n\n", b"\n\n\n", b":" * 5000 + b"\n\n",
                   b"event: delta\nid: 1.9\ndata: " + json.dumps({"pennon": 1, "environment": "staging", "epoch": 1, "revision": 9, "since": 1,
                                                                  "deleted": 0, "flags": 0, "segments": 0, "digest": ""}).encode() + b"\n\n",
                   b"retry: 0\n\n", b"event: delta\nid: 9.9\ndata: [[[[[[[[[[\n\n")
        upstream.stream = lambda connection, _: (connection.sendall(b"".join(garbage)), sent.set(), hold())
        daemon = self.live(upstream, ["--upstream-poll-interval", "200ms"])
        self.assertTrue(sent.wait(60))
        before = len(upstream.requests)
        eventually(lambda: len(upstream.requests) >= before + 3, "polls go on")
        self.assertEqual(daemon.environment()["revision"], 1)
        self.assert_serves(daemon)

    def test_N21_an_event_may_come_byte_by_byte_with_any_line_end_after_a_byte_order_mark(self):
        upstream = self.upstream()
        events = []
        for revision, end in ((2, b"\n"), (3, b"\r\n"), (4, b"\r")):
            delta = SyncServer.delta(revision - 1, revision, {"a": flag(revision)}, [], {"a": flag(revision)})
            lines = [b"event: delta", b"id: 1.%d" % revision, *(b"data: " + line for line in delta.splitlines()), b"", b""]
            events.append(end.join(lines))

        def stream(connection, _):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"\xef\xbb\xbf" + b":\n\n".join(events) + b":\n\n":
                connection.sendall(bytes([byte]))
            hold()
        upstream.stream = stream
        daemon = self.live(upstream, ["--upstream-poll-interval", "30s", "--upstream-stale-after", "1h"], revision=4)
        self.assert_serves(daemon, 4)
        self.assertEqual(metric(daemon, "pennon_sync_deltas_total"), 3)

    def test_N21_an_endless_line_ends_the_stream_within_bounded_memory(self):
        upstream = self.upstream()

        def endless(connection, _):
            while True:
                connection.sendall(b"data: " + b"x" * (1 << 20))
        upstream.stream = endless
        daemon = self.live(upstream, ["--upstream-max-body", "4MiB"])
        before = peak_memory(daemon.program.process)
        eventually(lambda: len(upstream.streams) >= 3, "the stream is ended and opened again")
        eventually(lambda: daemon.environment()["stream"].get("lastError"), "the reason is told")
        self.assertLess(peak_memory(daemon.program.process) - before, 64 << 20)
        self.heal(upstream, daemon, 2)

    def test_N22_a_redirect_on_the_same_origin_is_followed(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
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
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        for status in (301, 302, 303, 307, 308):
            for place in (other.url + "/sync/v1/flagset", upstream.url + "/sync/v1/flagset?loop", "/sync/v1/flagset?again",
                          "http://169.254.169.254/latest", "file:///etc/passwd", "gopher://127.0.0.1:1/", "//127.0.0.2:%d/" % other.port):
                upstream.fault = once(answer(status, b"", [("Location", place)]))
                with self.subTest(status=status, place=place):
                    self.wait_mishaps(daemon, 1)
        self.assertEqual(other.requests, [])
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 2)
