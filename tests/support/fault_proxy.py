"""A TCP proxy on loopback that does to a connection what networks do to it.

What it does can be changed at any time; `set` holds for connections made after it and, as far as it makes
sense, for those that are there. Bytes are counted in the direction from the server to the client; `carried` are
those of both.

    refuse()              nobody listens (what is open is closed)
    set(blackhole=True)   connections are accepted and bytes vanish
    set(reset_after=N)    RST after N bytes
    set(truncate_after=N) FIN after N bytes
    set(rate=N)           N bytes a second
    set(latency=S)        each piece comes S seconds late
    set(garbage=BYTES)    instead of what the server said
    set()                 all is well
"""
import socket
import struct
import threading
import time

from ports import free_port


class FaultProxy:
    def __init__(self, port, host="127.0.0.1"):
        self.target = (host, port)
        self.port = free_port()
        self.connections = []
        self.accepted = 0
        self.carried = 0
        self.carrying = threading.Lock()
        self.set()
        self.open()

    def set(self, blackhole=False, reset_after=None, truncate_after=None, rate=None, latency=0, garbage=None):
        self.blackhole, self.reset_after, self.truncate_after = blackhole, reset_after, truncate_after
        self.rate, self.latency, self.garbage = rate, latency, garbage

    def open(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.cut()

    def cut(self):
        """Ends what is open."""
        for connection in self.connections:
            self.end(connection)
        self.connections = []

    @staticmethod
    def end(connection, hard=False):
        try:
            if hard:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RD)  # or a thread that reads would keep it open
                return connection.close()
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(self.target, timeout=5)
                server.settimeout(None)
            except OSError:
                self.end(client, hard=True)
                continue
            self.connections += [client, server]
            threading.Thread(target=self.pump_up, args=(client, server), daemon=True).start()
            threading.Thread(target=self.pump_down, args=(server, client), daemon=True).start()

    def count(self, piece):
        with self.carrying:
            self.carried += len(piece)

    def pump_up(self, client, server):
        try:
            while piece := client.recv(65536):
                if not self.blackhole:
                    self.count(piece)
                    server.sendall(piece)
        except OSError:
            pass
        self.end(server)

    def pump_down(self, server, client):
        passed = 0
        try:
            if self.reset_after == 0:
                return self.end(client, hard=True)
            while piece := server.recv(65536):
                if self.blackhole:
                    continue
                if self.garbage is not None:
                    piece = self.garbage
                if self.latency:
                    time.sleep(self.latency)
                for limit, hard in ((self.reset_after, True), (self.truncate_after, False)):
                    if limit is not None and passed + len(piece) >= limit:
                        client.sendall(piece[:limit - passed])
                        return self.end(client, hard)
                passed += len(piece)
                self.count(piece)
                self.send(client, piece)
        except OSError:
            pass
        finally:
            self.end(client)
            self.end(server)

    def send(self, client, piece):
        if not self.rate:
            return client.sendall(piece)
        step = max(1, self.rate // 20)
        for start in range(0, len(piece), step):
            client.sendall(piece[start:start + step])
            time.sleep(step / self.rate)
