"""Rows L: what callers do to a daemon, over the Unix socket and loopback HTTP."""
import errno
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import frame_client
from fault_test import *

HELLO = struct.pack("<BBHII", 0xF5, 1, 0, 1, 14) + struct.pack("<HH", 1, 0) + struct.pack("<H", 8) + b"a-client"
ASK = b"POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n" + b'{"flag":"banner"}'


def frame(kind, payload=b"", number=7, size=None, magic=0xF5, flags=0):
    return struct.pack("<BBHII", magic, kind, flags, number, len(payload) if size is None else size) + payload


def ping(number, payload=b""):
    return frame(4, payload, number)


def read_all(connection):
    """What comes until the other side closes."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionError:
        pass
    return data


class LocalTest(FaultTest):
    def tcp(self, daemon):
        connection = socket.create_connection(daemon.http_address(), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def assert_well(self, daemon):
        self.assertEqual(daemon.flag("banner")["value"], "Welcome")

    def wait_descriptors(self, daemon, before):
        eventually(lambda: open_descriptors(daemon.program.process) <= before + 2,
                   lambda: f"{open_descriptors(daemon.program.process)} descriptors are {before} again")

    def exchange(self, connection, data):
        """The next frame that comes for `data`: (kind, number, payload)."""
        connection.sendall(data)
        return self.frame_from(connection)

    def frame_from(self, connection):
        def receive(size):
            data = b""
            while len(data) < size:
                piece = connection.recv(size - len(data))
                if not piece:
                    raise ConnectionResetError("closed")
                data += piece
            return data
        magic, kind, _, number, size = struct.unpack("<BBHII", receive(12))
        self.assertEqual(magic, 0xF5)
        return kind, number, receive(size)

    def test_L01_a_half_frame_and_then_silence_frees_its_place_by_the_deadline(self):
        daemon = self.bootstrapped(["--limits-message-timeout", "300ms"])
        before = open_descriptors(daemon.program.process)
        halves = []
        for cut in (1, 5, 11, 13, 20):
            halves.append(self.raw(daemon))
            halves[-1].sendall(HELLO[:cut])
        for half in halves:
            self.assertEqual(half.recv(1), b"")
            half.close()
        self.wait_descriptors(daemon, before)
        idle = self.frames(daemon)
        idle.ping(b"x")
        half = self.raw(daemon)
        half.sendall(HELLO[:3])
        self.assertEqual(half.recv(1), b"")
        self.assertEqual(idle.ping(b"y"), b"y")  # who has asked nothing may wait

    def test_L02_sizes_beyond_the_limit_are_refused_before_anything_is_allocated(self):
        daemon = self.bootstrapped()
        before = peak_memory(daemon.program.process)
        limit_bytes = 1 << 20
        for size in (limit_bytes + 1, 2**31 - 1, 2**31, 2**32 - 1):
            client = self.raw(daemon)
            kind, number, payload = self.exchange(client, frame(4, size=size))
            self.assertEqual((kind, struct.unpack("<H", payload[:2])[0]), (0xFF, 2), size)
            self.assertEqual(client.recv(1), b"")
        for size in (limit_bytes, limit_bytes - 1, 1, 0):
            kind, _, payload = self.exchange(self.raw(daemon), ping(3, b"x" * size))
            self.assertEqual((kind, len(payload)), (0x84, size))
        self.assertLess(peak_memory(daemon.program.process) - before, 48 << 20)
        self.assert_well(daemon)

    def test_L03_who_never_reads_is_disconnected_and_costs_bounded_memory(self):
        daemon = self.bootstrapped(["--limits-write-timeout", "400ms", "--limits-output", "64KiB"])
        for make, data in ((self.raw, ping(1, b"x" * 1000) * 50), (self.raw, ASK * 50), (self.tcp, ASK * 50)):
            client = make(daemon)
            client.settimeout(1)
            sent = 0
            with self.assertRaises((BrokenPipeError, ConnectionResetError)):
                while sent < 200 << 20:
                    try:
                        sent += client.send(data)
                    except TimeoutError:
                        pass
            self.assert_well(daemon)
        self.assertLess(peak_memory(daemon.program.process), 128 << 20)

    def test_L04_many_that_send_a_byte_now_and_then_are_ended_and_others_answered(self):
        size = count("SLOW_CLIENTS", 200)
        daemon = self.bootstrapped(["--limits-message-timeout", "2s"])
        slow = []
        for number in range(size):
            slow.append(self.raw(daemon))
            slow[-1].sendall(HELLO[:1] if number % 2 else b"P")
        client = self.frames(daemon)
        client.hello("production")
        ended = 0
        for step in range(1, 10**6):
            for number, one in enumerate(slow):
                if one is None:
                    continue
                try:
                    one.sendall((HELLO if number % 2 else ASK)[step % 10 + 1:step % 10 + 2])
                except OSError:
                    ended += 1
                    one.close()
                    slow[number] = None
            self.assertEqual(client.evaluate("banner", {})["value"], "Welcome")
            if ended == size:
                break
            time.sleep(0.1)  # their pace
        self.assertEqual(ended, size)

    def test_L05_who_reads_a_byte_now_and_then_is_disconnected(self):
        daemon = self.bootstrapped(["--limits-write-timeout", "500ms", "--limits-output", "64KiB"])
        client = self.raw(daemon)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.setblocking(False)
        closed = False
        deadline = time.monotonic() + 60
        while not closed and time.monotonic() < deadline:
            try:
                client.send(ping(1, b"x" * 60_000))
            except BlockingIOError:
                pass
            except OSError:
                closed = True
            try:
                client.recv(1)
            except BlockingIOError:
                pass
            time.sleep(0.05)  # its pace
        self.assertTrue(closed)
        self.assert_well(daemon)

    def test_L06_connections_beyond_the_limit_are_closed_and_none_is_leaked(self):
        daemon = self.bootstrapped(["--limits-connections", "50"])
        before = open_descriptors(daemon.program.process)
        # One at a time: what was refused closes at once, what was taken answers.
        held = []
        refused = 0
        for _ in range(count("CONNECTIONS", 300)):
            client = self.raw(daemon)
            try:
                client.sendall(ping(1))
                if client.recv(100):
                    held.append(client)
                    continue
            except OSError:
                pass
            refused += 1
            client.close()
        self.assertLessEqual(len(held), 50)
        self.assertGreaterEqual(len(held), 40)
        self.assertLess(open_descriptors(daemon.program.process), before + 60)
        for client in held:
            client.close()
        for _ in range(count("CONNECTIONS", 300)):  # comes and goes
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            client.connect_ex(daemon.socket)
            client.close()
        eventually(lambda: self.answers(daemon), "others are answered")
        self.wait_descriptors(daemon, before)
        self.assertGreaterEqual(next(one for one in daemon.status()["listeners"] if one["name"] == "unix")["refused"], refused)

    def answers(self, daemon):
        try:
            return daemon.get("/livez")[0] == 200
        except OSError:
            return False

    def test_L07_callers_that_vanish_at_any_moment_leave_nothing_behind(self):
        daemon = self.bootstrapped()
        before = open_descriptors(daemon.program.process)
        for make in (self.raw, self.tcp):
            for cut in (1, 20, len(ASK) - 1, len(ASK), 3 * len(ASK)):
                for how in ("close", "reset", "half", "unread"):
                    client = make(daemon)
                    client.sendall((ASK * 4)[:cut])
                    if how == "unread":
                        client.recv(1) if cut >= len(ASK) else None
                    if how == "reset":
                        reset(client)
                    elif how == "half":
                        client.shutdown(socket.SHUT_WR)
                        self.assertEqual(read_all(client).count(b"200 OK"), cut // len(ASK))
                    client.close()
        self.assert_well(daemon)
        self.wait_descriptors(daemon, before)
        self.assertIsNone(daemon.program.process.poll())

    def test_L08_a_hundred_thousand_requests_in_a_row_are_answered_in_order_with_their_ids(self):
        daemon = self.bootstrapped()
        client = self.raw(daemon)
        number = count("PIPELINED", 100_000)
        chance = random.Random(3)
        numbers = [chance.randrange(2**32) for _ in range(number)]
        data = b"".join(ping(one) for one in numbers)
        sender = threading.Thread(target=lambda: client.sendall(data))
        sender.start()
        received = b""
        while len(received) < 12 * number:
            piece = client.recv(1 << 20)
            self.assertTrue(piece)
            received += piece
        sender.join()
        self.assertEqual([struct.unpack_from("<I", received, 12 * i + 4)[0] for i in range(number)], numbers)
        # The same id twice is the client's own affair: answers come in order, so nothing can be confused.
        client.sendall(ping(9, b"a") + ping(9, b"b"))
        self.assertEqual([self.frame_from(client) for _ in range(2)], [(0x84, 9, b"a"), (0x84, 9, b"b")])

    def test_L09_other_protocols_are_refused_in_words_or_by_closing(self):
        daemon = self.bootstrapped(["--limits-message-timeout", "500ms"])
        hello_tls = bytes.fromhex("16030100c8010000c40303") + os.urandom(200)
        for make in (self.raw, self.tcp):
            for data in (os.urandom(3000), hello_tls, b"SSH-2.0-x\r\n", b"\x00" * 100, b"GET / HTTP/0.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                         b"get / http/1.1\r\n\r\n", b"\xf5" * 500, b"\r\n" * 5000, b"EVAL banner\n", HELLO[:12] + b"\xff" * 14):
                client = make(daemon)
                try:
                    client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                said = read_all(client)
                self.assertTrue(said == b"" or said[:1] == b"\xf5" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")), (data[:20], said[:100]))
                client.close()
        self.assert_well(daemon)

    def test_L09_versions_are_agreed_upon(self):
        daemon = self.bootstrapped()
        for version, expected in ((1, (0x81, 1)), (2, (0x81, 1)), (65535, (0x81, 1)), (0, (0xFF, 1))):
            kind, _, payload = self.exchange(self.raw(daemon), frame(1, struct.pack("<HHH", version, 0, 0)))
            self.assertEqual((kind, struct.unpack("<H", payload[:2])[0]), expected, version)
        client = self.raw(daemon)
        kind, _, payload = self.exchange(client, frame(0x70, b"?"))
        self.assertEqual((kind, payload[:2]), (0xFF, b"\1\0"))  # an unknown type, and it goes on
        self.assertEqual(self.exchange(client, ping(5, b"z")), (0x84, 5, b"z"))

    def test_L10_an_exchange_given_up_at_any_byte_never_answers_the_next(self):
        daemon = self.bootstrapped()
        for number, cut in enumerate((*range(0, len(HELLO) + 20, 3), len(HELLO) + 12)):
            given_up = self.raw(daemon)
            given_up.sendall((HELLO + ping(1, b"given up"))[:cut])
            if number % 2:
                given_up.settimeout(0.01)
                try:
                    given_up.recv(number)
                except OSError:
                    pass
            given_up.close()
            nonce = os.urandom(16)
            self.assertEqual(self.frames(daemon).ping(nonce), nonce)

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

    def test_L12_batches_are_bounded_and_others_are_answered_meanwhile(self):
        daemon = self.bootstrapped()
        client = self.frames(daemon)
        client.hello("production")
        with self.assertRaises(frame_client.FrameError) as caught:
            client.batch(["banner"] * 1001, {})
        self.assertEqual(caught.exception.args[0], 2)
        self.assertEqual(request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", {"flags": ["banner"] * 1001})[0], 400)
        keys = struct.pack("<H", 1000) + b"\6\0banner" * 1000 + b"\0\0"
        greedy = self.raw(daemon)
        self.exchange(greedy, HELLO)
        total = 300
        sender = threading.Thread(target=lambda: greedy.sendall(frame(3, keys) * total))
        sender.start()
        answered = []
        for _ in range(total):
            self.assertEqual(self.frame_from(greedy)[0], 0x83)
            answered.append(client.evaluate("banner", {})["value"])
        sender.join()
        self.assertEqual(set(answered), {"Welcome"})

    def test_L13_a_batch_is_of_one_revision_however_often_sets_are_swapped(self):
        upstream = self.upstream()
        keys = [f"f{i}" for i in range(200)]
        daemon = self.live(upstream, ["--upstream-stream", "false", "--workers", "2"])
        done = threading.Event()
        wrong, seen = [], set()

        def ask():
            client = FrameClient(daemon.socket, 30)
            client.hello("production")
            while not done.is_set():
                answered = client.batch(keys, {})
                values = {one.get("value") for one in answered["evaluations"]}
                seen.add(answered["revision"])
                if answered["revision"] > 1 and values != {answered["revision"]}:
                    wrong.append((answered["revision"], values))
            client.close()
        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for revision in range(2, 2 + count("SWAPS", 12)):
                upstream.publish(revision, {key: flag(revision) for key in keys})
                self.wait_revision(daemon, revision)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        self.assertGreater(len(seen), 2)

    def test_L14_a_subscriber_that_does_not_read_gets_the_newest_or_the_end(self):
        upstream = self.upstream()
        daemon = self.live(upstream, ["--upstream-stream", "false"])
        client = self.frames(daemon)
        client.hello("production")
        told = client.subscribe()
        self.assertEqual(next(told)["revision"], 1)
        before = peak_memory(daemon.program.process)
        last = 1 + count("SWAPS", 12)
        for revision in range(2, last + 1):
            upstream.publish(revision, {"a": flag(revision)})
            self.wait_revision(daemon, revision)
        seen = [1]
        while seen[-1] != last:
            seen.append(next(told)["revision"])
        self.assertEqual(seen, sorted(seen))
        self.assertLess(peak_memory(daemon.program.process) - before, 32 << 20)

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

    def test_L16_a_full_backlog_costs_a_caller_its_default_at_the_deadline_and_no_more(self):
        daemon = self.bootstrapped()
        process = daemon.program.process
        ask = lambda timeout: subprocess.run([BIN / "pennon", "--socket", daemon.socket, "--environment", "production",
                                              "--timeout", str(timeout), "eval", "banner"], capture_output=True, text=True, timeout=60)
        self.assertIn("Welcome", ask(5000).stdout)
        process.send_signal(signal.SIGSTOP)
        waiting = []
        try:
            while True:
                client = socket.socket(socket.AF_UNIX)
                client.setblocking(False)
                waiting.append(client)
                if client.connect_ex(daemon.socket) == errno.EAGAIN:
                    break
                self.assertLess(len(waiting), 20_000)
            began = time.monotonic()
            self.assertNotIn("Welcome", ask(300).stdout)
            self.assertLess(time.monotonic() - began, 10)
            later = subprocess.Popen([BIN / "pennon", "--socket", daemon.socket, "--environment", "production", "--timeout", "30000",
                                      "eval", "banner"], stdout=subprocess.PIPE, text=True)
        finally:
            process.send_signal(signal.SIGCONT)
            for client in waiting:
                client.close()
        self.assertIn("Welcome", later.communicate(timeout=60)[0])

    def test_L17_descriptors_sent_along_are_not_kept(self):
        daemon = self.bootstrapped()
        before = open_descriptors(daemon.program.process)
        for _ in range(50):
            client = self.raw(daemon)
            reading, writing = os.pipe()
            socket.send_fds(client, [ping(1, b"with a gift")], [reading, writing] * 10)
            os.close(reading)
            os.close(writing)
            self.assertEqual(self.frame_from(client)[2], b"with a gift")
            self.assertLessEqual(open_descriptors(daemon.program.process), before + 3)
            client.close()
        self.wait_descriptors(daemon, before)

    def test_L19_places_that_cannot_be_a_socket_are_refused_at_the_configuration(self):
        for path in ("/tmp/" + "x" * 120, "", "none/s.sock", "/proc/self/root/none/s.sock", "/dev/null/s", "/proc/s.sock"):
            refused = subprocess.run([BIN / "pennond", "--environment", "e", "--cache-path", "", "--socket-path", path, "--http-enabled", "false"],
                                     capture_output=True, text=True, timeout=30, cwd=self.directory)
            self.assertEqual(refused.returncode, 78, (path, refused.stderr))
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1, refused.stderr)

    def test_L20_a_crowd_that_comes_back_at_once_after_a_restart_is_served(self):
        daemon = self.bootstrapped(["--limits-connections", "2000", "--limits-connections-per-user", "2000"])
        size = count("CROWD", 300)
        daemon.program.kill()
        daemon.start()
        crowd = [self.raw(daemon) for _ in range(size)]
        for client in crowd:
            client.sendall(ping(1, b"here"))
        for client in crowd:
            self.assertEqual(self.frame_from(client)[2], b"here")
