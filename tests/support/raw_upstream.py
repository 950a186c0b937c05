"""An upstream whose every byte a test decides: what no HTTP library would send.

It looks like a Store to a Daemon (`url`, `key_file`). Without a fault it serves `document` (see
sync_server.py for what is in it) with an ETag. A fault is a function of (connection, request): it sends
what it likes on the socket; True keeps the connection open for another request. `fault` meets fetches of
the flag set, `stream` the stream (without it there is none: `stream_status`).
"""
import collections
import os
import socket
import struct
import threading
import time

from ports import free_port
from sync_server import SyncServer

Request = collections.namedtuple("Request", "method path headers at")
GONE = threading.Event()  # never set: what waits for it waits for as long as the test lasts


def head(status, headers=()):
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def answer(status=200, body=b"", headers=(), content_type="application/x-ndjson"):
    """The bytes of a whole answer."""
    return head(status, [("Content-Type", content_type), ("Content-Length", len(body)), *headers]) + body


def reset(connection):
    """Closes with an RST, as a crashed peer or a rude middle box does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def shut(connection):
    """Ends both directions, unless the peer was quicker."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class RawUpstream:
    def __init__(self, directory, host="127.0.0.1", context=None, port=0):
        """`context` is an ssl.SSLContext for HTTPS."""
        os.makedirs(directory, exist_ok=True)
        self.key_file = os.path.join(directory, "key")
        with open(self.key_file, "w") as key:
            key.write("pn_sync_test")
        os.chmod(self.key_file, 0o600)
        self.context = context
        self.fault = None
        self.stream, self.stream_status = None, 404
        self.document, self.tag = b"", ""
        self.requests = []  # of flag sets
        self.streams = []
        self.reports = []
        self.refuses_reports = False
        self.host, self.port = host, port or free_port(host)
        self.connections = []
        self.open()

    @property
    def url(self):
        return f"http{'s' if self.context else ''}://{self.host}:{self.port}"

    def publish(self, revision, flags, **options):
        self.document, self.tag = SyncServer.document(revision, flags, **options), f'"1.{revision}"'

    def open(self):
        self.listener = socket.create_server((self.host, self.port), backlog=512)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self, with_connections=True):
        """From now on connections are refused; those that are there end."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self.connections if with_connections else ():
            shut(connection)

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.connections.append(connection)
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.connections.append(connection)
            while self.serve_one(connection):
                pass
        except (OSError, ValueError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def serve_one(self, connection):
        text = b""
        while b"\r\n\r\n" not in text:
            piece = connection.recv(65536)
            if not piece:
                return False
            text += piece
        lines, body = text.split(b"\r\n\r\n", 1)
        lines = lines.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        request = Request(method, path, headers, time.monotonic())
        if path.startswith("/sync/v1/stream"):
            self.streams.append(request)
            if self.stream is None:
                connection.sendall(answer(self.stream_status))
                return True
            connection.sendall(head(200, [("Content-Type", "text/event-stream")]))
            return self.stream(connection, request)
        if not path.startswith("/sync/v1/flagset"):
            self.reports.append((request, body))
            connection.sendall(answer(503 if self.refuses_reports else 200, b"{}", content_type="application/json"))
            return True
        self.requests.append(request)
        if self.fault is not None:
            return self.fault(connection, request)
        if self.tag and headers.get("if-none-match") == self.tag:
            connection.sendall(head(304, [("ETag", self.tag)]))
        elif self.tag and path.endswith("?since=" + self.tag.strip('"')):
            connection.sendall(head(204, [("pennon", "1")]))
        else:
            connection.sendall(answer(200, self.document, [("ETag", self.tag)]))
        return True
