"""Rows N of connections: names, addresses, deadlines, and many daemons at once."""
import re
import signal
import time

from certificates import Certificates
from failing_calls import ADDRESS, BROKEN_IPV6, HANG, NO_ADDRESS, NO_SUCH_NAME, TRY_AGAIN
from fault_proxy import FaultProxy
from fault_test import *


class ConnectionTest(FaultTest):
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
                self.wait_kept(daemon, revision)
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

    def moved(self):
        """A daemon whose upstream's name leads to another address, where revision 2 is, while there is none at the old one."""
        calls = self.failing_calls()
        calls.names(ADDRESS, 2)
        first = self.upstream(host="127.0.0.2")

        class Named:
            url, key_file = f"http://upstream.test:{first.port}", first.key_file
        with environment(calls.environment):
            daemon = self.live(Named, POLL)
        first.close()
        calls.names(ADDRESS, 3)
        self.second_address(first.port)
        self.wait_mishaps(daemon, 1)
        return calls, daemon

    def test_N02_another_address_of_the_same_name_is_followed_by_a_new_process(self):
        calls, daemon = self.moved()
        daemon.program.kill()
        with environment(calls.environment):
            daemon.start()
        self.wait_revision(daemon, 2)

    @slow
    def test_N02_another_address_of_the_same_name_is_followed_by_a_daemon_that_runs(self):
        _, daemon = self.moved()
        self.wait_mishaps(daemon, 50)  # curl remembers addresses for a minute: some of it
        self.assert_serves(daemon, 1)
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
        swallowing = self.swallow(socket.AF_INET, "127.0.0.1", upstream.port)
        self.wait_mishaps(daemon, 3)
        self.assert_serves(daemon)
        eventually(lambda: re.search("(?i)time", daemon.environment()["lastError"]), "the deadline is told")
        for one in swallowing:
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
        daemon = self.live(upstream, POLL)
        next_one = SyncServer.document(7, {"a": flag(7), "b": flag(8)})
        whole = answer(200, next_one, [("ETag", '"1.7"')])
        for size in (0, 5, 30, whole.index(b"\r\n\r\n") + 2, whole.index(b"\r\n\r\n") + 4, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                upstream.fault = once(whole[:size], reset)
                self.wait_mishaps(daemon, 2)
                self.assertEqual(daemon.environment()["revision"], 1)
                self.assert_serves(daemon)
                self.assertTrue(upstream.requests[-1].path.endswith("?since=1.1"))
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

    def over_a_broken_ipv6(self):
        calls = self.failing_calls()
        calls.names(BROKEN_IPV6)
        upstream = self.upstream()

        class Named:
            url, key_file = f"http://upstream.test:{upstream.port}", upstream.key_file
        return calls, upstream, Named

    def test_N27_one_broken_family_of_addresses_costs_no_answer(self):
        calls, _, named = self.over_a_broken_ipv6()
        with environment(calls.environment):
            self.live(named, [*POLL, "--upstream-timeout", "2s"])

    def test_N27_a_family_of_addresses_that_swallows_what_is_sent_costs_no_answer(self):
        calls, upstream, named = self.over_a_broken_ipv6()
        try:
            self.swallow(socket.AF_INET6, "::1", upstream.port)
        except OSError as error:
            self.skipTest(f"there is no ::1: {error}")
        # The deadlines are such that whoever waits for them has failed.
        with environment(calls.environment):
            daemon = self.live(named, [*POLL, "--upstream-timeout", "2s", "--upstream-connect-timeout", "2s"])
        self.assertEqual(self.mishaps(daemon), 0)
        upstream.publish(2, {"a": flag(2)})
        self.wait_revision(daemon, 2)
        self.assertEqual(self.mishaps(daemon), 0)

    @without_sanitizer("UBSan needs a descriptor to look at an object's type, and reports an error without one")
    def test_N29_no_descriptors_for_the_upstream_is_passing_trouble(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
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

    @slow
    def test_N33_daemons_that_lose_their_upstream_together_do_not_come_back_together(self):
        upstreams = [self.upstream() for _ in range(count("DAEMONS", 6))]
        for number, upstream in enumerate(upstreams):
            self.live(upstream, ["--upstream-retry-max", "1s", *POLL], name=f"d{number}")
        self.assert_pauses_differ(upstreams)

    def test_N36_a_link_that_flaps_never_takes_readiness_away(self):
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        for _ in range(count("FLAPS", 8)):
            upstream.close()
            self.wait_mishaps(daemon, 1)
            self.assertEqual(daemon.get("/readyz")[0], 200)
            upstream.open()
            eventually(lambda: daemon.environment()["state"] == "live", "it is live again")
            self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assert_serves(daemon)
