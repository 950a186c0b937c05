"""Rows N of certificates."""
import queue
import signal
import ssl
import time

from certificates import Certificates
from fault_test import *


class CertificateTest(FaultTest):
    def test_N23_certificates_that_prove_nothing_are_refused_and_the_cache_serves(self):
        certificates = Certificates(self.folder("tls"))
        other = Certificates(self.folder("other"))
        context = certificates.context
        upstream = self.upstream(context=context("good"))
        daemon = self.live(upstream, [*POLL, "--upstream-ca-file", certificates.ca])
        revision = 1
        another_name = "no alternative certificate subject name"
        for what, bad, reason in (
                ("expired", context("expired", start="20200101000000Z", end="20210101000000Z"), "has expired"),
                ("not yet valid", context("early", start="20900101000000Z"), "not yet valid"),
                ("another name", context("name", names="DNS:evil.example"), another_name),
                ("another address", context("address", names="IP:127.0.0.9"), another_name),
                ("a wildcard for all", context("wild", names="DNS:*"), another_name),
                ("another authority", other.context("stranger"), "local issuer"),
                ("signed by itself", context("itself", is_self_signed=True), "self-signed"),
                ("a short key", context("short", kind=("rsa:1024",)), "key too weak"),
                ("a weak digest", context("digest", digest="sha1"), "digest algorithm too weak"),
                ("for clients", context("client", extension="extendedKeyUsage=clientAuth"), "certificate purpose")):
            with self.subTest(what):
                good, upstream.context = upstream.context, bad
                for connection in upstream.connections:  # the next one has to shake hands
                    shut(connection)
                eventually(lambda: re.search(reason, daemon.environment().get("lastError", "")), daemon.environment)
                self.assert_serves(daemon, revision)
                upstream.context = good
                revision += 1
                self.heal(upstream, daemon, revision)

    def test_N23_a_server_of_tls_1_0_or_1_1_is_refused_whatever_its_ciphers(self):
        certificates = Certificates(self.folder("tls"))
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = certificates.context(version.name, kind=("rsa:2048",))
            context.set_ciphers("AES128-SHA:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            upstream = self.upstream(context=context)
            lax = ssl.create_default_context(cafile=certificates.ca)
            lax.set_ciphers("ALL:@SECLEVEL=0")
            lax.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            with lax.wrap_socket(socket.create_connection(("127.0.0.1", upstream.port)), server_hostname="127.0.0.1") as taken:
                self.assertEqual(taken.version().replace(".", "_"), version.name)  # who would, could
            daemon = self.start_daemon(upstream, [*POLL, "--upstream-ca-file", certificates.ca], version.name)
            eventually(lambda: upstream.requests or daemon.environment().get("lastError"), daemon.environment)
            self.assertEqual(upstream.requests, [], version.name)
            self.assertRegex(daemon.environment()["lastError"], "protocol version|unsupported protocol")
            self.assertEqual(daemon.environment()["state"], "not-ready")

    def test_N03_a_server_that_offers_http_2_is_asked_over_http_1_where_a_dead_connection_is_seen(self):
        certificates = Certificates(self.folder("tls"))
        context = certificates.context("good")
        context.set_alpn_protocols(["h2", "http/1.1"])
        self.live(self.upstream(context=context), [*POLL, "--upstream-ca-file", certificates.ca])

    def test_N23_an_upstream_that_asks_for_a_certificate_is_shown_the_configured_one(self):
        certificates, stranger = Certificates(self.folder("tls")), Certificates(self.folder("stranger"))
        context = certificates.context("server")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.ca)
        upstream = self.upstream(context=context)
        certificate, key = certificates.make("client", names="DNS:host")
        unknown, unknown_key = stranger.make("client", names="DNS:host")
        trusted = [*POLL, "--upstream-ca-file", certificates.ca]
        for name, shown in {"none": [], "unknown": ["--upstream-client-cert-file", unknown, "--upstream-client-key-file", unknown_key]}.items():
            with self.subTest(name):
                daemon = self.start_daemon(upstream, [*trusted, *shown], name=name)
                self.wait_mishaps(daemon, 2)
                self.assertEqual(upstream.requests, [])
        both = self.folder("both") / "client.pem"
        both.write_bytes(pathlib.Path(certificate).read_bytes() + pathlib.Path(key).read_bytes())
        for name, shown in {"two-files": ["--upstream-client-cert-file", certificate, "--upstream-client-key-file", key],
                            "one-file": ["--upstream-client-cert-file", str(both)]}.items():
            with self.subTest(name):
                self.live(upstream, [*trusted, *shown], name=name)

    def test_N24_an_authority_that_is_replaced_counts_from_the_next_handshake(self):
        first, second = Certificates(self.folder("first")), Certificates(self.folder("second"))
        trusted = self.folder("trusted") / "ca.pem"
        trusted.write_bytes(pathlib.Path(first.ca).read_bytes())
        upstream = self.upstream(context=first.context("one"))
        daemon = self.live(upstream, [*POLL, "--upstream-ca-file", str(trusted)])
        upstream.context = second.context("two")
        for connection in upstream.connections:
            shut(connection)
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon)
        trusted.write_text("not a certificate")
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon)
        trusted.write_bytes(pathlib.Path(second.ca).read_bytes())
        daemon.program.process.send_signal(signal.SIGHUP)
        self.heal(upstream, daemon, 2)

    def test_N24_a_certificate_that_expires_ends_no_open_stream_and_no_evaluation_but_counts_at_every_handshake(self):
        certificates = Certificates(self.folder("tls"))
        calls = self.failing_calls()
        upstream = self.upstream(context=certificates.context("short", end=time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 100))))
        streams, to_tell = [], queue.Queue()

        def stream(connection, _):
            streams.append(connection)
            while True:
                connection.sendall(b":\n\n" if to_tell.empty() else to_tell.get())
                time.sleep(0.02)
        upstream.stream = stream
        with environment(calls.environment):
            daemon = self.live(upstream, ["--upstream-ca-file", certificates.ca])
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open")
        calls.set_clock(120)
        for connection in upstream.connections:
            if connection is not streams[-1]:
                shut(connection)
        eventually(lambda: "has expired" in daemon.environment().get("lastError", ""), daemon.environment)
        delta = SyncServer.delta(1, 2, {"a": flag(2)}, [], {"a": flag(2)})
        to_tell.put(b"event: delta\nid: 1.2\n" + b"".join(b"data: " + line + b"\n" for line in delta.splitlines()) + b"\n")
        self.wait_revision(daemon, 2)
        self.assert_serves(daemon, 2)
        self.assertTrue(daemon.environment()["stream"]["open"])
        self.assertEqual(len(streams), 1)
        shut(streams[-1])
        self.wait_mishaps(daemon, 2)
        self.assert_serves(daemon, 2)
        self.assertEqual(daemon.get("/readyz")[0], 200)
        self.assertEqual(len(streams), 1)
        upstream.context = certificates.context("renewed")
        self.heal(upstream, daemon, 3)

    def test_N24_a_key_of_the_client_that_cannot_be_read_for_a_while_is_passing_trouble(self):
        certificates = Certificates(self.folder("tls"))
        context = certificates.context("server")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates.ca)
        upstream = self.upstream(context=context)
        certificate, key = certificates.make("client", names="DNS:host")
        daemon = self.live(upstream, [*POLL, "--upstream-ca-file", certificates.ca, "--upstream-client-cert-file", certificate,
                                      "--upstream-client-key-file", key])
        good, revision = pathlib.Path(key).read_bytes(), 1
        for what, rubbish in {"no key": b"rubbish\n", "nothing": b"", "cut off": good[:len(good) // 2], "another one": None}.items():
            with self.subTest(what):
                pathlib.Path(key).write_bytes(pathlib.Path(certificates.make("other")[1]).read_bytes() if rubbish is None else rubbish)
                for connection in upstream.connections:  # the next one has to shake hands
                    shut(connection)
                self.wait_mishaps(daemon, 2)
                self.assert_serves(daemon, revision)
                self.assertRegex(daemon.environment()["lastError"], "(?i)key|certificate")
                self.assertEqual(daemon.get("/readyz")[0], 200)
                pathlib.Path(key).write_bytes(good)
                revision += 1
                self.heal(upstream, daemon, revision)
