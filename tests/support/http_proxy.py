"""An HTTP proxy on loopback that leads everything to one port, whatever it is asked for.

`asked` has the first line of each connection, `authorizations` what it was authorized with.
"""
import socket
import socketserver
import threading


class HttpProxy(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, port, name="store.internal"):
        self.target = ("127.0.0.1", port)
        self.origin = f" http://{name}/".encode()  # how requests without TLS name what they want
        self.asked = []
        self.authorizations = []
        super().__init__(("127.0.0.1", 0), None)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def finish_request(self, client, _):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        lines = head.decode().split("\r\n")
        self.asked.append(lines[0])
        self.authorizations += [line for line in lines if line.lower().startswith("proxy-authorization:")]
        with socket.create_connection(self.target) as server:
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
