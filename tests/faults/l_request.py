"""Rows L of requests over HTTP, and of contexts by any way."""
import json
import socket
import threading

import frame_client
from local_test import *


class RequestTest(LocalTest):
    def test_L11_contexts_without_measure_are_refused_and_nobody_falls(self):
        daemon = self.bootstrapped()
        before = peak_memory(daemon.program.process)

        def http(body):
            try:
                return request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", body)[0]
            except OSError:
                return 413  # refused while it was still sent
        many = {f"a{i}": i for i in range(100_000)}
        deep = "[" * 1000 + "]" * 1000
        for body, expected in ((json.dumps({"context": many, "flag": "banner"}), (400, 413)),
                               ('{"context":{"a":"%s"},"flag":"banner"}' % ("x" * (10 << 20)), (413,)),
                               ('{"context":{"a":%s},"flag":"banner"}' % deep, (400,)), ('{"context":{"a":1,"a":2},"flag":"banner"}', (200, 400)),
                               ('{"context":{"a":NaN},"flag":"banner"}', (400,)), ('{"context":{"a":1e999},"flag":"banner"}', (400,)),
                               (b'{"context":{"a":"\xff\xfe"},"flag":"banner"}', (400,)), (b'{"context":{"a":"\\ud800"},"flag":"banner"}', (200, 400)),
                               ('{"context":7,"flag":"banner"}', (400,)), ('{"context":{},"flag":7}', (400,)), ("[" * 500_000, (400,)),
                               ("{", (400,)), ('{"context":{}}{}', (400,)), ('{"flag":"%s"}' % ("k" * 500_000), (200, 400))):
            self.assertIn(http(body), expected, body[:60])
        client = self.frames(daemon)
        client.hello("production")
        deep_value = []
        for _ in range(40):
            deep_value = [deep_value]
        for context in ({f"a{i}": i for i in range(10_001)}, {"a": deep_value}):
            with self.assertRaises(frame_client.FrameError) as caught:
                client.evaluate("banner", context)
            self.assertEqual(caught.exception.args[0], 1)
        raw = self.raw(daemon)
        self.exchange(raw, HELLO)
        for payload in (b"\6\0banner\1\0\1\0a\5\xff\xff\xff\xff", b"\6\0banner\xff\xff", b"\6\0banner\1\0\1\0a\6\xff\xff\xff\xff", b"\xff\xff",
                        b"\6\0banner\1\0\1\0a\5\2\0\0\0\xff\xfe", b"\6\0banner\1\0\1\0a\x09", b"\6\0banner\0\0more",
                        b"\6\0banner\1\0\1\0a\x0a"):
            kind, _, answered = self.exchange(raw, frame(2, payload))
            self.assertIn((kind, answered[:2]), ((0xFF, b"\1\0"), (0xFF, b"\2\0")), payload)
        self.assertEqual(client.evaluate("banner", {"a": float("nan")})["value"], "Welcome")  # equals nothing, harms nothing
        self.assertEqual(client.evaluate("no-such-flag", {})["errorCode"], "FLAG_NOT_FOUND")
        self.assertLess(peak_memory(daemon.program.process) - before, 64 << 20)

    def test_L15_http_requests_out_of_shape_are_refused_or_bounded(self):
        daemon = self.bootstrapped(["--limits-message-timeout", "1s"])
        before = peak_memory(daemon.program.process)
        line = b"POST /evaluate HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        body = b'{"flag":"banner"}'
        refused = {
            "a large header": line + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
            "many headers": line + b"".join(b"X-%d: 1\r\n" % i for i in range(10_000)) + b"\r\n",
            "a long path": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            "length and chunks": line + b"Content-Length: 17\r\nTransfer-Encoding: chunked\r\n\r\n" + body,
            "two lengths": line + b"Content-Length: 17\r\nContent-Length: 18\r\n\r\n" + body,
            "a negative length": line + b"Content-Length: -1\r\n\r\n",
            "a huge length": line + b"Content-Length: 99999999999999999999\r\n\r\n",
            "no number": line + b"Content-Length: 0x11\r\n\r\n" + body,
            "unknown coding": line + b"Transfer-Encoding: gzip\r\n\r\n",
            "coding twice": line + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "a wrong chunk": line + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "a folded header": line + b"X: a\r\n b\r\n\r\n",
            "a space before the colon": line + b"Content-Length : 17\r\n\r\n" + body,
            "no colon": line + b"nonsense\r\n\r\n",
            "a NUL": line + b"X: a\0b\r\n\r\n",
            "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/3.7": b"GET / HTTP/3.7\r\n\r\n",
            "CONNECT": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            "another host": b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "no host": b"GET /status HTTP/1.1\r\n\r\n",
            "an absolute address of another": b"GET http://evil.example/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        }
        for what, data in refused.items():
            with self.subTest(what):
                client = self.tcp(daemon)
                try:
                    client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                said = read_all(client)
                self.assertTrue(said == b"" or said.startswith(b"HTTP/1.1 4") or said.startswith(b"HTTP/1.1 5"), said[:200])
                self.assertNotIn(b"Welcome", said)
        fine = {
            "an expectation": line + b"Expect: 100-continue\r\nContent-Length: 17\r\n\r\n" + body,
            "an upgrade that is not made": line + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 17\r\n\r\n" + body,
            "chunks": line + b"Transfer-Encoding: chunked\r\n\r\n11\r\n" + body + b"\r\n0\r\n\r\n",
            "a thousand on one connection": (line + b"Content-Length: 17\r\n\r\n" + body) * 1000,
        }
        for what, data in fine.items():
            with self.subTest(what):
                client = self.tcp(daemon)
                sender = threading.Thread(target=client.sendall, args=(data,))
                sender.start()
                said = b""
                while said.count(b"Welcome") < (1000 if "thousand" in what else 1):
                    piece = client.recv(65536)
                    self.assertTrue(piece, said[-300:])
                    said += piece
                sender.join()
        self.assertLess(peak_memory(daemon.program.process) - before, 48 << 20)
        self.assert_well(daemon)
