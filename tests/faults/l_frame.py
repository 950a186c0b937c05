"""Rows L of frames: what callers send over the Unix socket, and what is answered."""
import os
import random
import socket
import struct
import threading

import frame_client
from local_test import *


class FrameTest(LocalTest):
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
