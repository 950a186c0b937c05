"""Rows N23 to N36: TLS, smuggling, addresses, and what happens to many at once."""
import errno
import re
import signal
import ssl
import threading
import time

from certificates import Certificates
from failing_calls import ADDRESS, BROKEN_IPV6
from fault_test import *

ALONE = ["--upstream-stream", "false"]


class MoreNetworkTest(FaultTest):
    def test_N23_certificates_that_prove_nothing_are_refused_and_the_cache_serves(self):
        certificates = Certificates(self.folder("tls"))
        other = Certificates(self.folder("other"))
        context = certificates.context
        weak = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        weak.load_cert_chain(*certificates.make("old"))
        weak.minimum_version = ssl.TLSVersion.TLSv1
        weak.maximum_version = ssl.TLSVersion.TLSv1_1
        upstream = self.upstream(context=context("good"))
        daemon = self.live(upstream, [*ALONE, "--upstream-ca-file", certificates.ca])
        revision = 1
        for what, bad in {"expired": context("expired", start="20200101000000Z", end="20210101000000Z"),
                          "not yet valid": context("early", start="20900101000000Z"),
                          "another name": context("name", names="DNS:evil.example"), "another address": context("address", names="IP:127.0.0.9"),
                          "a wildcard for all": context("wild", names="DNS:*"), "another authority": other.context("stranger"), "TLS 1.1": weak}.items():
            with self.subTest(what):
                good, upstream.context = upstream.context, bad
                for connection in upstream.connections:  # the next one has to shake hands
                    self.shut(connection)
                self.wait_mishaps(daemon, 2)
                self.assert_serves(daemon, revision)
                upstream.context = good
                revision += 1
                self.heal(upstream, daemon, revision)

    @staticmethod
    def shut(connection):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def test_N24_an_authority_that_is_replaced_counts_from_the_next_handshake(self):
        first, second = Certificates(self.folder("first")), Certificates(self.folder("second"))
        trusted = self.folder("trusted") / "ca.pem"
        trusted.write_bytes(pathlib.Path(first.ca).read_bytes())
        upstream = self.upstream(context=first.context("one"))
        daemon = self.live(upstream, [*ALONE, "--upstream-ca-file", str(trusted)])
        upstream.context = second.context("two")
        for connection in upstream.connections:
            self.shut(connection)
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon)
        trusted.write_text("not a certificate")
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon)
        trusted.write_bytes(pathlib.Path(second.ca).read_bytes())
        daemon.program.process.send_signal(signal.SIGHUP)
        self.heal(upstream, daemon, 2)

    def test_N25_answers_out_of_shape_are_refused_or_bounded(self):
        upstream = self.upstream()
        daemon = self.live(upstream, [*ALONE, "--upstream-timeout", "1s"])
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
                    self.shut(connection)
                upstream.fault = fault
                self.wait_mishaps(daemon, 1)
                self.assertEqual(daemon.environment()["revision"], 1)
                self.assert_serves(daemon)
        self.assertLess(peak_memory(daemon.program.process) - before, 64 << 20)
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

    def test_N27_one_broken_family_of_addresses_costs_no_answer(self):
        calls = self.failing_calls()
        calls.names(BROKEN_IPV6)
        upstream = self.upstream()

        class Named:
            url, key_file = f"http://upstream.test:{upstream.port}", upstream.key_file
        with environment(calls.environment):
            self.live(Named, [*ALONE, "--upstream-timeout", "2s"])

    def test_N28_a_stream_is_opened_anew_where_the_name_leads_by_then(self):
        calls = self.failing_calls()
        calls.names(ADDRESS, 2)
        first = self.upstream(host="127.0.0.2")
        beat = lambda connection, _: [connection.sendall(b":\n\n") or time.sleep(0.02) for _ in range(10**6)]
        first.stream = beat

        class Named:
            url, key_file = f"http://upstream.test:{first.port}", first.key_file
        with environment(calls.environment):
            daemon = self.live(Named, ["--upstream-stream-max-age", "300ms", "--upstream-poll-interval", "20s", "--upstream-stale-after", "1h"])
        eventually(lambda: len(first.streams) >= 3, "the stream is opened again and again")
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="failed"}'), 0)

    def test_N29_no_descriptors_for_the_upstream_is_passing_trouble(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ALONE)
        used = open_descriptors(daemon.program.process)
        client = self.frames(daemon)
        client.hello("production")
        upstream.close()
        upstream.open()
        before = limit(daemon.program.process, resource.RLIMIT_NOFILE, used - 1)
        told = lambda: [line for line in daemon.program.log.splitlines() if "does not answer" in line]
        eventually(lambda: client.evaluate("a", {})["value"] == 1 and told(), "it cannot ask")
        self.assertEqual(client.evaluate("a", {})["value"], 1)
        limit(daemon.program.process, resource.RLIMIT_NOFILE, before)
        self.heal(upstream, daemon, 2)

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

    @slow
    def test_N33_daemons_that_lose_their_upstream_together_do_not_come_back_together(self):
        upstream = self.upstream()
        size = count("DAEMONS", 12)
        daemons = [self.live(upstream, ["--upstream-retry-max", "5s", "--upstream-stale-after", "1h", *ALONE], name=f"d{i}") for i in range(size)]
        upstream.fault = lambda connection, _: connection.sendall(answer(503))
        for daemon in daemons:
            eventually(lambda: self.mishaps(daemon) >= 2, "it was refused twice")
        waits = [daemon.environment()["nextAttemptMs"] for daemon in daemons]
        self.assertGreater(len(set(waits)), size // 2)

    def test_N36_a_link_that_flaps_never_takes_readiness_away(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ALONE)
        for _ in range(count("FLAPS", 8)):
            upstream.close()
            self.wait_mishaps(daemon, 1)
            self.assertEqual(daemon.get("/readyz")[0], 200)
            upstream.open()
            eventually(lambda: daemon.environment()["state"] == "live", "it is live again")
            self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assert_serves(daemon)
