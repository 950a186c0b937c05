"""Rows N of the stream that tells of changes."""
import re
import signal
import threading
import time

from failing_calls import ADDRESS
from fault_test import *


class StreamTest(FaultTest):
    def test_N19_a_stream_that_ends_at_once_is_opened_at_growing_intervals(self):
        upstream = self.upstream()
        upstream.stream = lambda connection, _: None
        daemon = self.live(upstream, ["--upstream-retry-max", "5s", "--upstream-stale-after", "1h"])
        eventually(lambda: len(upstream.requests) >= count("STREAM_POLLS", 30), "polls go on")
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

    def test_N20_a_stream_that_lives_while_fetches_fail_keeps_the_set_fresh_and_the_state_as_it_is(self):
        upstream = self.upstream()
        sent = []

        def lively(connection, _):
            while True:
                connection.sendall(b":\n\n")
                sent.append(1)
                time.sleep(0.01)
        upstream.stream = lively
        daemon = self.live(upstream, ["--upstream-poll-interval", "100ms", "--upstream-retry-max", "200ms", "--upstream-stale-after", "2s"])
        eventually(lambda: daemon.environment()["stream"]["open"] and daemon.environment()["ageMs"] < 1500, "the stream confirms the set")
        upstream.fault = lambda connection, _: connection.sendall(answer(500, b"no"))
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "a fetch has failed")
        asked, signs = len(upstream.requests), len(sent)
        eventually(lambda: len(upstream.requests) > asked + 20 and len(sent) > signs + 100, "both go on")
        self.assertEqual(daemon.program.log.count("upstream does not answer"), 1)
        self.assertFalse(daemon.environment()["stale"])
        upstream.fault = None
        eventually(lambda: daemon.environment()["state"] == "live", "fetches are answered again")

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

    def test_N21_half_an_event_is_no_word_that_the_set_is_current(self):
        upstream = self.upstream()
        ended = threading.Event()
        self.addCleanup(ended.set)

        def dripping(connection, _):
            connection.sendall(b":\n\nevent: delta\nid: 1.2\ndata: ")
            while not ended.wait(0.05):
                connection.sendall(b"x")
        upstream.stream = dripping
        daemon = self.live(upstream, ["--upstream-poll-interval", "30s", "--upstream-stale-after", "1h"])
        eventually(lambda: daemon.environment()["ageMs"] > 3000, "the set ages while an event comes")
        self.assertTrue(daemon.environment()["stream"]["open"])
        self.assertEqual(len(upstream.streams), 1)

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

    @slow  # curl remembers addresses for a minute
    def test_N28_a_stream_is_opened_anew_where_the_name_leads_by_then(self):
        calls = self.failing_calls()
        calls.names(ADDRESS, 2)
        first = self.upstream(host="127.0.0.2")
        second = self.second_address(first.port)
        first.stream = second.stream = lambda connection, _: [connection.sendall(b":\n\n") or time.sleep(0.02) for _ in range(10**6)]

        class Named:
            url, key_file = f"http://upstream.test:{first.port}", first.key_file
        with environment(calls.environment):
            daemon = self.live(Named, ["--upstream-stream-max-age", "300ms", "--upstream-poll-interval", "20s", "--upstream-stale-after", "1h"])
        self.wait_streams(first, 3)
        calls.names(ADDRESS, 3)
        self.wait_streams(first, 33)  # some of the minute: the first goes on to answer
        self.wait_streams(second, 3)
        self.wait_revision(daemon, 2)
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="failed"}'), 0)

    @staticmethod
    def wait_streams(upstream, more):
        before = len(upstream.streams)
        eventually(lambda: len(upstream.streams) >= before + more, "the stream is opened again and again")

    def test_N30_a_set_that_comes_twice_at_once_is_put_in_force_once(self):
        upstream = self.upstream()
        told = threading.Event()
        delta = SyncServer.delta(1, 2, {"a": flag(2)}, [], {"a": flag(2)})
        event = b"event: delta\nid: 1.2\n" + b"".join(b"data: " + one + b"\n" for one in delta.splitlines()) + b"\n"

        def stream(connection, _):
            told.wait(60)
            connection.sendall(event)
            GONE.wait(60)
        upstream.stream = stream
        daemon = self.live(upstream)
        upstream.publish(2, {"a": flag(2)})
        told.set()
        self.wait_revision(daemon, 2)
        before = len(upstream.requests)
        eventually(lambda: len(upstream.requests) > before + 1 or metric(daemon, "pennon_stream_events_total") >= 1, "both have come")
        self.assertEqual(len(re.findall("flag set in force.*revision=2", daemon.program.log)), 1)

    def test_N30_an_answer_that_comes_later_than_the_streams_newer_set_changes_nothing(self):
        upstream = self.upstream()
        asked, released = threading.Event(), threading.Event()
        self.addCleanup(released.set)
        newer = SyncServer.delta(1, 3, {"a": flag(3)}, [], {"a": flag(3)})
        event = b"event: delta\nid: 1.3\n" + b"".join(b"data: " + one + b"\n" for one in newer.splitlines()) + b"\n"
        older = answer(200, SyncServer.document(2, {"a": flag(2)}), [("ETag", '"1.2"')])

        def late(connection, _):
            asked.set()
            released.wait(60)
            connection.sendall(older)
            return True

        def stream(connection, _):
            connection.sendall(b":\n\n")
            asked.wait(60)
            connection.sendall(event)
            GONE.wait(60)
        upstream.stream = stream
        daemon = self.live(upstream)
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open")
        upstream.fault = late
        self.wait_revision(daemon, 3)  # while the fetch waits
        upstream.fault = None
        upstream.publish(3, {"a": flag(3)})
        before = len(upstream.requests)
        released.set()
        eventually(lambda: len(upstream.requests) > before + 1, "it asks on")
        self.assert_serves(daemon, 3)
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="refused"}'), 0)  # nor was it anything wrong
        self.assertEqual(re.findall("flag set in force.* revision=(\\d+)", daemon.program.log), ["1", "3"])

    def test_N31_a_reload_and_the_end_while_the_upstream_is_slow_take_no_time(self):
        upstream = self.upstream()
        upstream.stream = lambda connection, _: GONE.wait(60)
        daemon = self.live(upstream)
        before = len(upstream.requests)
        upstream.fault = lambda connection, _: GONE.wait(60)
        eventually(lambda: len(upstream.requests) > before, "it asks")
        daemon.program.process.send_signal(signal.SIGHUP)
        began = time.monotonic()
        self.assertEqual(daemon.program.terminate(), 0)
        self.assertLess(time.monotonic() - began, 5)
