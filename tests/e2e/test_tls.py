"""A store that speaks TLS: real certificates, made for the test."""
import http.client
import json
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import unittest

import libpennon
from harness import GIVE_UP_SECONDS, EndToEndTest, eventually, request


def make_certificate(folder, name):
    """A self-signed certificate for 127.0.0.1 whose common name is `name`, and its key."""
    certificate, key = folder / "tls.crt", folder / "tls.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


class TlsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.certificate, self.key = make_certificate(self.folder("tls"), "first")
        self.store = self.start_store(tls=(self.certificate, self.key))

    def session(self, **options):
        """A bare TLS connection."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        for name, value in options.items():
            setattr(context, name, value)
        raw = socket.create_connection(("127.0.0.1", self.store.port), timeout=30)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    def test_the_api_and_a_long_answer_come_through(self):
        for i in range(50):
            status, _ = self.store.api("POST", "/flags", {
                "key": f"flag-{i}", "type": "string", "variants": [{"key": "v", "value": "x" * 2000}]})
            self.assertEqual(status, 201)
        status, answer = self.store.api("GET", "/flags?limit=500")
        self.assertEqual(status, 200)
        self.assertGreater(len(json.dumps(answer)), 100_000)

    def test_a_request_sent_byte_by_byte_and_two_at_once_are_both_answered(self):
        with self.session() as session:
            for byte in b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n":
                session.sendall(bytes([byte]))
            session.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\nGET /metrics HTTP/1.1\r\nHost: a\r\n"
                            b"Connection: close\r\n\r\n")
            received = b""
            while piece := session.recv(65536):
                received += piece
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 3)
        self.assertIn(b"pennon_store_connections 1", received)

    def test_a_request_of_which_half_a_record_has_come_when_the_store_ends_is_answered(self):
        raw = socket.create_connection(("127.0.0.1", self.store.port), timeout=GIVE_UP_SECONDS)
        self.addCleanup(raw.close)
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = ssl.create_default_context(cafile=str(self.certificate)).wrap_bio(received, to_send,
                                                                                    server_hostname="127.0.0.1")

        def until_done(act):
            while True:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    raw.sendall(to_send.read())
                    received.write(raw.recv(65536))
        until_done(session.do_handshake)
        session.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        record = to_send.read()
        raw.sendall(record[:-10])
        self.store.program.process.send_signal(signal.SIGTERM)
        eventually(lambda: not self.store.is_listening(), "nobody listens")
        raw.sendall(record[-10:])
        self.assertTrue(until_done(lambda: session.read(65536)).startswith(b"HTTP/1.1 200 OK"))

    def test_requests_behind_a_slow_one_are_answered_in_their_order(self):
        authorization = f"Authorization: Bearer {self.store.token}\r\n".encode()
        with self.session() as session:
            session.sendall(b"".join(
                b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n" + authorization + b"\r\n"
                for path in (b"/api/v1/flags", b"/livez", b"/api/v1/environments", b"/readyz")) +
                b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            received = b""
            while piece := session.recv(65536):
                received += piece
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 5)

    def test_a_request_that_comes_together_with_the_end_of_the_session_is_answered(self):
        received, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=str(self.certificate))
        session = context.wrap_bio(received, to_send, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", self.store.port), timeout=30) as raw:
            def until_done(step):
                while True:
                    try:
                        return step()
                    except ssl.SSLWantReadError:
                        raw.sendall(to_send.read())
                        received.write(raw.recv(65536))
            until_done(session.do_handshake)
            session.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET /api/v1/flags HTTP/1.1\r\nHost: a\r\n"
                          b"Authorization: Bearer %s\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"
                          % self.store.token.encode())
            with self.assertRaises(ssl.SSLWantReadError):
                session.unwrap()
            raw.sendall(to_send.read())  # the requests and close_notify
            answers = b""
            with self.assertRaises(ssl.SSLZeroReturnError):
                while True:
                    answers += until_done(lambda: session.read(65536))
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 3)

    def test_a_change_is_told_on_a_stream(self):
        with open(self.store.key_file) as key:
            token = key.read().strip()
        with self.session() as session:
            session.sendall(f"GET /sync/v1/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
                            .encode())
            received = b""
            while b"\n\n" not in received.partition(b"\r\n\r\n")[2]:  # what is in force now
                received += session.recv(65536)
            self.store.configure("banner", {"enabled": False})
            received = b""
            while b"event: delta" not in received:
                received += session.recv(65536)

    def test_without_tls_or_with_an_old_one_nothing_is_answered(self):
        plain = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=30)
        with self.assertRaises((http.client.HTTPException, OSError)):
            request(plain, "GET", "/livez")
        with self.assertRaises((ssl.SSLError, OSError)):
            self.session(minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1)
        self.assertEqual(request(self.store.connection(), "GET", "/livez")[0], 200)

    def test_a_handshake_that_is_not_finished_is_ended(self):
        self.store.program.end()
        self.store.arguments = (*self.store.arguments, "--limits-request-timeout", "100ms")
        self.store.start()
        with socket.create_connection(("127.0.0.1", self.store.port), timeout=30) as silent:
            silent.sendall(b"\x16\x03\x01\x02")
            self.assertEqual(silent.recv(1), b"")

    def test_bodies_that_are_left_unfinished_are_bounded_for_all_connections_together(self):
        def figure(name):
            text = request(self.store.connection(), "GET", "/metrics")[2].decode()
            return int(re.search(rf"^pennon_store_{name} (\d+)$", text, re.M)[1])

        def leave_unfinished():
            session = self.session()
            self.addCleanup(session.close)
            try:
                session.sendall(b"POST /api/v1/flags HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n" + b"x" * (1 << 20))
            except OSError:
                pass  # closed meanwhile
            return session
        limit = 4 << 20
        self.store.program.end()
        self.store.arguments = (*self.store.arguments, "--limits-memory", str(limit), "--limits-request-timeout", "1h")
        self.store.start()
        sessions = [leave_unfinished()]
        eventually(lambda: figure("buffered_bytes") > 1_000_000, lambda: f"it is counted: {figure('buffered_bytes')}")
        self.assertEqual(figure("buffers_refused_total"), 0)
        sessions += [leave_unfinished() for _ in range(4)]
        eventually(lambda: figure("buffers_refused_total"), "who would hold too much is closed")
        self.assertLessEqual(figure("buffered_bytes"), limit)
        for session in sessions:
            session.close()
        eventually(lambda: figure("buffered_bytes") == 0, lambda: f"it is given back: {figure('buffered_bytes')}")

    @unittest.skipIf(libpennon.IS_SANITIZED, "a sanitizer keeps what is freed")
    def test_a_connection_that_has_had_a_long_answer_keeps_no_memory_of_its_size(self):
        for i in range(100):
            status, _ = self.store.api("POST", "/flags", {
                "key": f"flag-{i}", "type": "string", "variants": [{"key": "v", "value": "x" * 10_000}]})
            self.assertEqual(status, 201)

        def fetch():
            connection = self.store.connection()
            self.addCleanup(connection.close)
            connection.request("GET", "/api/v1/flags?limit=500", headers={"Authorization": "Bearer " + self.store.token})
            return len(connection.getresponse().read())

        def memory():
            text = pathlib.Path(f"/proc/{self.store.program.process.pid}/status").read_text()
            return int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) * 1024
        fetch()
        before = memory()
        fetched = sum(fetch() for _ in range(40))
        self.assertGreater(fetched, 40_000_000)
        self.assertLess(memory() - before, fetched // 2)

    def test_a_certificate_is_replaced_by_a_hangup_and_a_wrong_one_is_not(self):
        def served():
            with self.session() as session:
                return dict(pair[0] for pair in session.getpeercert()["subject"])["commonName"]
        self.assertEqual(served(), "first")
        make_certificate(self.certificate.parent, "second")
        self.store.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reloaded" in self.store.program.log, "the store has reloaded")
        self.assertEqual(served(), "second")
        good = self.certificate.read_text()
        self.certificate.write_text("rubbish")
        self.store.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "reload refused" in self.store.program.log, "the reload was refused")
        self.assertIn(str(self.certificate), self.store.program.log)
        self.certificate.write_text(good)
        self.key.chmod(0o644)
        self.store.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "everybody may read it" in self.store.program.log, "the key is refused")
        self.assertEqual(served(), "second")
