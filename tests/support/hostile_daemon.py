"""Stands between a client and a real daemon, frame by frame, and spoils what the daemon answers."""
import array
import os
import socket
import struct
import threading

HELLO, EVALUATE, SUBSCRIBE, MAP = 1, 2, 7, 10
HEADER = struct.Struct("<BBHII")


def frame(kind, number, payload=b"", size=None, magic=0xF5):
    return HEADER.pack(magic, kind, 0, number, len(payload) if size is None else size) + payload


def receive(connection, size, descriptors=None):
    data = b""
    while len(data) < size:
        piece, ancillary, _, _ = connection.recvmsg(size - len(data), socket.CMSG_SPACE(16))
        for level, kind, handed in ancillary:
            (descriptors if descriptors is not None else []).extend(array.array("i", handed))
        if not piece:
            raise ConnectionError
        data += piece
    return data


class HostileDaemon:
    """`spoil(kind, number, answer, descriptors)` is called for each answer to a frame of `kind`, and gives (bytes,
    descriptors) to send instead; None: silence from then on; an empty answer: the end of the connection."""

    def __init__(self, path, daemon):
        self.path, self.daemon = str(path), daemon
        self.spoil = lambda kind, number, answer, descriptors: (answer, descriptors)
        self.asked = []  # kinds of frames, as they came
        self.ended = threading.Event()
        self.open = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.ended.set()
        for one in (self.listener, *self.open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, client):
        upstream = socket.socket(socket.AF_UNIX)
        self.open.append(upstream)
        try:
            upstream.connect(self.daemon)
            while not self.ended.is_set():
                head = receive(client, HEADER.size)
                _, kind, _, number, size = HEADER.unpack(head)
                self.asked.append(kind)
                upstream.sendall(head + receive(client, size))
                while True:
                    self.relay(kind, number, upstream, client)
                    if kind != SUBSCRIBE:
                        break
        except (OSError, ConnectionError):
            pass
        finally:
            client.close()
            upstream.close()

    def relay(self, kind, number, upstream, client):
        descriptors = []
        answer = receive(upstream, HEADER.size, descriptors)
        answer += receive(upstream, HEADER.unpack(answer)[4])
        try:
            spoiled = self.spoil(kind, number, answer, descriptors)
            if spoiled is None:
                self.ended.wait()
            data, handed = spoiled or (b"", [])
            if not data:
                raise ConnectionError
            socket.send_fds(client, [data], handed)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
