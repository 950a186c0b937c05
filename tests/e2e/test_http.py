"""The daemon's HTTP as clients and probes meet it, over loopback and over the Unix socket."""
import http.client
import json
import os
import socket

from harness import ROOT, EndToEndTest, UnixHttpConnection, request


class HttpTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.start_daemon(arguments=[
            "--bootstrap-file", str(ROOT / "config" / "example-flags.json"),
            "--limits-request-body", "2KiB", "--limits-request-headers", "2KiB"])
        self.address = self.daemon.http_address()

    def loopback(self):
        return http.client.HTTPConnection(*self.address, timeout=30)

    def ask(self, path, body, headers=None, method="POST"):
        status, sent, answer = request(self.loopback(), method, path, body, headers)
        return status, sent, json.loads(answer) if answer else None

    def test_ofrep_answers_have_all_members_that_providers_read(self):
        status, headers, answer = self.ask("/ofrep/v1/evaluate/flags/new-checkout",
                                           {"context": {"targetingKey": "tester-1"}})
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual({k: answer[k] for k in ("key", "value", "reason", "variant")},
                         {"key": "new-checkout", "value": True, "reason": "TARGETING_MATCH", "variant": "on"})
        self.assertEqual(answer["metadata"]["team"], "payments")
        self.assertEqual(headers["Pennon-Source"], "bootstrap")
        for path, body, expected, code in (
                ("/ofrep/v1/evaluate/flags/nope", {}, 404, "FLAG_NOT_FOUND"),
                ("/ofrep/v1/evaluate/flags/new-checkout", {}, 400, "TARGETING_KEY_MISSING"),
                ("/ofrep/v1/evaluate/flags/new-checkout", {"context": []}, 400, "INVALID_CONTEXT"),
                ("/ofrep/v1/evaluate/flags/new-checkout", "{", 400, "INVALID_CONTEXT"),
                ("/ofrep/v1/nothing", {}, 404, "GENERAL")):
            status, headers, answer = self.ask(path, body)
            self.assertEqual((status, answer["errorCode"]), (expected, code))
            self.assertTrue(isinstance(answer["key"], str) and answer["errorDetails"])
            self.assertIsInstance(answer["metadata"], dict)
            self.assertEqual(headers["Content-Type"], "application/json")

    def test_a_bulk_tag_follows_the_answer_and_not_the_configuration(self):
        path = "/ofrep/v1/evaluate/flags"
        _, headers, answer = self.ask(path, {"context": {"targetingKey": "tester-1"}})
        self.assertEqual([flag["key"] for flag in answer["flags"]],
                         ["banner", "legacy-export", "new-checkout", "search-limits"])
        tag = {"If-None-Match": headers["ETag"]}
        self.assertEqual(self.ask(path, {"context": {"targetingKey": "tester-1"}}, tag)[0], 304)
        self.assertEqual(self.ask(path, {"context": {"targetingKey": "x", "country": "US"}}, tag)[0], 200)

    def test_a_browser_page_cannot_reach_a_handler(self):
        body = {"context": {}}
        port = self.address[1]
        for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"localhost:{port}", f"[::1]:{port}"):
            self.assertEqual(self.ask("/evaluate", body, {"Host": host})[0], 200, host)
        for headers in ({"Host": "evil.example"}, {"Host": "127.0.0.1.nip.io"}, {"Host": "localhost."},
                        {"Host": "0.0.0.0"}, {"Host": ""}, {"Host": f"user@localhost:{port}"},
                        {"Origin": "http://localhost"}, {"Origin": "null"}):
            self.assertEqual(self.ask("/evaluate", body, headers)[0], 403, headers)
        self.assertEqual(self.ask("/evaluate", "{}", {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.ask("/status", None, {"Host": "evil.example"}, "GET")[0], 403)

    def test_limits_are_kept_at_n_and_refused_at_n_plus_1(self):
        def padded(size):
            body = '{"context":{}}'
            return body + " " * (size - len(body))
        self.assertEqual(self.ask("/evaluate", padded(2048))[0], 200)
        status, headers, answer = self.ask("/evaluate", padded(2049))
        self.assertEqual(status, 413)
        self.assertIn("too large", answer["detail"])
        self.assertEqual(self.ask("/evaluate", "{}", {"X-Pad": "x" * 1500})[0], 200)
        self.assertEqual(self.ask("/evaluate", "{}", {"X-Pad": "x" * 2048})[0], 431)

    def test_probes_answer_with_the_right_status(self):
        self.assertEqual(self.ask("/livez", None, method="GET")[0], 200)
        self.assertEqual(self.ask("/readyz", None, method="GET")[::2], (200, {"ready": True}))
        status, _, metrics = request(self.loopback(), "GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn(b"pennon_ready 1", metrics)
        status, headers, _ = self.ask("/livez", {}, method="POST")
        self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.ask("/nothing", None, method="GET")[0], 404)
        status, headers, _ = self.ask("/evaluate", None, method="GET")
        self.assertEqual((status, headers["Allow"]), (405, "POST"))

    def test_requests_can_be_pipelined_with_late_ones_between_them(self):
        body = b'{"flag":"banner"}'
        evaluate = (b"POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        status = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.daemon.socket)
            connection.settimeout(30)
            connection.sendall((evaluate + status) * 20 + last)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        self.assertEqual(received.count(b"HTTP/1.1 200 OK"), 41)
        self.assertEqual(received.count(b'"banner"'), 20)
        self.assertEqual(received.count(b'"program":"pennond"'), 20)

    def test_nothing_of_a_context_reaches_the_log(self):
        secret = "canary-4711"
        for context in ({"targetingKey": secret, secret: secret}, secret, [secret]):
            self.ask("/evaluate", {"context": context})
            self.ask("/ofrep/v1/evaluate/flags/banner", {"context": context})
            _, _, answer = request(UnixHttpConnection(self.daemon.socket), "POST", "/evaluate",
                                   json.dumps({"context": context})[:-3])
            self.assertNotIn(secret.encode(), answer)
        self.assertNotIn(secret, self.daemon.program.log)
        self.assertNotIn(secret, self.daemon.get("/metrics")[2].decode() + json.dumps(self.daemon.status()))
        for name in os.listdir(self.daemon.directory):
            path = self.daemon.directory / name
            if path.is_file():
                self.assertNotIn(secret.encode(), path.read_bytes())
