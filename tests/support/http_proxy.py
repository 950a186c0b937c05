"""An HTTP proxy on loopback that leads everything to one port, whatever it is asked for.

`asked` has the first line of each connection, `authorizations` what it was authorized with.
"""
import socket
import threading


class HttpProxy:
    def __init__(self, port, name="store.internal"):
        self.target = ("127.0.0.1", port)
        self.origin = f" http://{name}/".encode()  # how requests without TLS name what they want
        self.asked = []
        self.authorizations = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(self.target) as server:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536) or b"\r\n\r\n"
            lines = head.decode().split("\r\n")
            self.asked.append(lines[0])
            self.authorizations += [line for line in lines if line.lower().startswith("proxy-authorization:")]
            if lines[0].startswith("CONNECT "):
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                server.sendall(head.replace(self.origin, b" /"))
            back = threading.Thread(target=self.carry, args=(server, client), daemon=True)
            back.start()
            self.carry(client, server)
            back.join()

    def carry(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data.replace(self.origin, b" /"))
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
