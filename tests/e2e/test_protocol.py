"""docs/protocol.md is enough: the client written from it gets the answers that HTTP gets."""
import fcntl
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import termios

from frame_client import FrameClient, FrameError
from harness import BIN, ROOT, EndToEndTest, eventually

ROWS = ROOT / "tests" / "contract" / "rows"


def unread(connection):
    return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0\0\0\0"))[0]


class ProtocolTest(EndToEndTest):
    def connect(self, daemon, environment="production"):
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        client.hello(environment)
        return client

    def serve(self, document, wrap=()):
        path = self.folder("daemon") / "flags.json"
        path.write_text(json.dumps({"environment": "production", **document}))
        return self.start_daemon(arguments=["--bootstrap-file", str(path), "--workers", "1"], wrap=wrap)

    def test_every_contract_row_is_answered_as_over_http(self):
        for path in sorted(ROWS.glob("*.json")):
            rows = json.loads(path.read_text())
            daemon = self.serve({part: rows[part] for part in ("flags", "segments") if part in rows})
            client = self.connect(daemon)
            for row in rows["rows"]:
                with self.subTest(path.stem, row=row["name"]):
                    one = client.evaluate(row["flag"], row["context"])
                    other = daemon.evaluate({"flag": row["flag"], "context": row["context"]})
                    other = other["evaluations"][row["flag"]]
                    for member in ("value", "variant", "reason", "errorCode", "metadata", "source"):
                        self.assertEqual(one.get(member), other.get(member), member)
            daemon.program.kill()

    def test_a_batch_ping_and_status(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file",
                                              str(ROOT / "config" / "example-flags.json")])
        client = self.connect(daemon, "")
        everything = client.batch([], {"targetingKey": "user-7"})
        self.assertEqual([one["key"] for one in everything["evaluations"]],
                         ["banner", "legacy-export", "new-checkout", "search-limits"])
        self.assertEqual((everything["source"], everything["stale"]), ("bootstrap", True))
        two = client.batch(["banner", "nope"], {})["evaluations"]
        self.assertEqual(two[0]["value"], "Welcome")
        self.assertEqual(two[1]["errorCode"], "FLAG_NOT_FOUND")
        self.assertEqual(client.ping(b"echo"), b"echo")
        self.assertEqual(client.status()["program"], "pennond")
        shown = subprocess.run([sys.executable, ROOT / "tests" / "e2e" / "frame_client.py", daemon.socket,
                                "production", "banner", "targetingKey=user-7"],
                               check=True, capture_output=True)
        self.assertEqual(json.loads(shown.stdout)["variant"], "beta")

    def test_a_daemon_explains_as_the_command_line_does_from_the_file(self):
        document = str(ROOT / "config" / "example-flags.json")
        daemon = self.start_daemon(arguments=["--bootstrap-file", document])
        question = ["explain", "search-limits", "-k", "user-8", "-a", "country=NO", "--json"]
        explain = lambda *source: subprocess.run([BIN / "pennon", *question, *source], check=True, text=True,
                                                 capture_output=True, timeout=60).stdout
        from_daemon = explain("--socket", daemon.socket)
        self.assertEqual(from_daemon, explain("--file", document))
        explanation = json.loads(from_daemon)
        self.assertEqual(explanation["evaluation"]["value"], {"results": 100, "timeoutMs": 800.0})
        self.assertEqual([step["kind"] for step in explanation["steps"][:3]], ["flag", "prerequisite", "flag"])
        shown = subprocess.run([BIN / "pennon", *question[:-1], "--socket", daemon.socket], check=True, text=True,
                               capture_output=True, timeout=60).stdout
        self.assertIn("  flag search-limits is on", shown)
        unknown = subprocess.run([BIN / "pennon", "explain", "nope", "--socket", daemon.socket], text=True,
                                 capture_output=True, timeout=60)
        self.assertEqual((unknown.returncode, unknown.stdout), (1, "nope: FLAG_NOT_FOUND, there is no flag of this key\n"))

    def test_mistakes_are_answered_with_typed_errors(self):
        daemon = self.serve({"flags": {}})
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        with self.assertRaisesRegex(FrameError, "there is no environment"):
            client.hello("staging")
        client.hello("production")
        with self.assertRaisesRegex(FrameError, "more than 1000 flags"):
            client.batch(["f"] * 1001, {})
        self.assertEqual(len(client.batch(["f"] * 1000, {})["evaluations"]), 1000)
        deep = 1
        for _ in range(33):
            deep = [deep]
        with self.assertRaisesRegex(FrameError, "nested deeper"):
            client.evaluate("f", {"a": deep})
        self.assertEqual(client.evaluate("f", {"a": deep[0]})["errorCode"], "FLAG_NOT_FOUND")

    def test_a_frame_over_the_limit_and_garbage_end_the_connection(self):
        daemon = self.serve({"flags": {}})
        limit = 1 << 20
        for size, expected in ((limit, 0x84), (limit + 1, 0xFF), (0xFFFFFFFF, 0xFF)):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(30)
                raw.connect(daemon.socket)
                raw.sendall(struct.pack("<BBHII", 0xF5, 4, 0, 7, size))
                if size == limit:
                    raw.sendall(b"x" * limit)
                header = raw.recv(12)
                self.assertEqual((header[1], struct.unpack_from("<I", header, 4)[0]), (expected, 7))
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(30)
            raw.connect(daemon.socket)
            raw.sendall(b"\xf5\x04\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00GARBAGE-GARBAGE")
            received = b""
            while piece := raw.recv(4096):
                received += piece
            self.assertEqual((received[1], received[13]), (0x84, 0xFF))
        self.assertTrue(daemon.is_up())

    def test_who_leaves_answers_unread_is_handed_no_more_descriptors(self):
        client = self.connect(self.serve({"flags": {}}))
        header, map_kind = struct.Struct("<BBHII"), 0x0A

        def ask(*ids):
            client.socket.sendall(b"".join(header.pack(0xF5, map_kind, 0, one, 0) for one in ids))

        def answers(count):
            """(type, code or None, descriptors that came with it) of each."""
            told, data, handed = [], b"", 0
            while len(told) < count:
                piece, fds, _, _ = socket.recv_fds(client.socket, 65536, 8)
                self.assertTrue(piece)
                for fd in fds:
                    os.close(fd)
                handed += len(fds)
                data += piece
                while len(data) >= header.size and len(data) >= header.size + header.unpack_from(data)[4]:
                    _, kind, _, _, size = header.unpack_from(data)
                    code = struct.unpack_from("<H", data, header.size)[0] if kind == 0xFF else None
                    told.append((kind, code, handed))
                    data, handed = data[header.size + size:], 0
            return told

        ask(*range(1, 51))
        mark = b"x" * 50_000  # more than all answers before it
        client.socket.sendall(header.pack(0xF5, 0x04, 0, 51, len(mark)) + mark)
        eventually(lambda: unread(client.socket) > len(mark), "all are answered")
        told = answers(51)
        self.assertEqual(told[0], (map_kind | 0x80, None, 2))
        self.assertEqual(set(told[1:50]), {(0xFF, 7, 0)})
        self.assertEqual(told[50], (0x84, None, 0))
        ask(52)
        self.assertEqual(answers(1), [(map_kind | 0x80, None, 2)])

    def test_who_asks_for_descriptors_while_others_leave_too_many_unread_is_told_so(self):
        # The kernel limits who lacks capabilities to as many on their way as open files.
        wrap = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
        daemon = self.serve({"flags": {}}, wrap)
        resource.prlimit(daemon.program.process.pid, resource.RLIMIT_NOFILE, (100, 100))
        clients = [self.connect(daemon) for _ in range(60)]
        for client in clients:
            client.socket.sendall(struct.pack("<BBHII", 0xF5, 0x0A, 0, 1, 0))
            eventually(lambda: unread(client.socket) > 0, "it is answered")
        _, kind, _, _, size = struct.unpack("<BBHII", clients[-1].receive(12))
        self.assertEqual((kind, clients[-1].receive(size)[:2]), (0xFF, b"\7\0"))
        self.assertEqual(clients[-1].ping(b"x"), b"x")

    def test_who_reads_nothing_and_asks_for_descriptors_keeps_no_worker_busy(self):
        long = {"type": "string", "variants": [{"key": "v", "value": "x" * 120_000}], "default": {"variant": "v"}}
        daemon = self.serve({"flags": {"a": long}})
        client = self.connect(daemon)
        frame = lambda kind, payload=b"": struct.pack("<BBHII", 0xF5, kind, 0, 1, len(payload)) + payload
        # Two answers are more than the socket takes, and less than what is written in one go.
        mark = b"x" * 10_000
        client.socket.sendall(frame(2, b"\1\0a\0\0") * 2 + frame(0x0A) * 3 + frame(4, mark))
        other = self.connect(daemon)  # of the only worker
        self.assertEqual(other.ping(b"x"), b"x")
        head = client.receive(12)
        left = 20_000  # of the two answers: while they are unread, there are no descriptors
        data = head + client.receive(2 * (12 + struct.unpack_from("<I", head, 8)[0]) - 12 - left)
        eventually(lambda: unread(client.socket) > left + len(mark), "all are answered")
        data += client.receive(unread(client.socket))
        kinds = []
        while data:
            _, kind, _, _, size = struct.unpack_from("<BBHII", data)
            kinds.append(kind)
            data = data[12 + size:]
        self.assertEqual(kinds, [0x82, 0x82, 0xFF, 0xFF, 0xFF, 0x84])

    def test_connections_over_the_limit_are_closed_at_once(self):
        daemon = self.start_daemon(arguments=["--limits-connections", "3"])
        clients = []
        for _ in range(3):
            client = FrameClient(daemon.socket)
            self.addCleanup(client.close)
            self.assertEqual(client.ping(b"x"), b"x")
            clients.append(client)
        with socket.socket(socket.AF_UNIX) as fourth:
            fourth.settimeout(30)
            fourth.connect(daemon.socket)
            self.assertEqual(fourth.recv(1), b"")
        self.assertEqual(clients[0].ping(b"still"), b"still")
