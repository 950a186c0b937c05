"""What rows L have in common: bytes to and from a daemon."""
import socket
import struct

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

    def answers(self, daemon):
        try:
            return daemon.get("/livez")[0] == 200
        except OSError:
            return False
