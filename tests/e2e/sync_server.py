"""An upstream whose documents a test writes byte by byte: what a real store would never send."""
import hashlib
import http.server
import json
import sys
import threading


class SyncServer:
    """Serves one body at /sync/v1/flagset; looks like a Store to a Daemon."""

    def __init__(self, directory):
        self.key_file = str(directory / "key")
        with open(self.key_file, "w") as key:
            key.write("pn_sync_test")
        import os
        os.chmod(self.key_file, 0o600)
        self.requests = 0
        self.stopped = False
        self.current = (503, b"", "")
        self.streams = None  # called with (headers, write) for each stream; None: there are no streams
        self.streams_asked = 0
        self.reports = []  # what was posted to /sync/v1/report, with the status it got
        self.report_status = 204
        self.deltas = {}  # what answers ?since=
        self.asked = []   # paths with queries, of all requests
        self.headers = []  # further headers of every answer
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/sync/v1/stream":
                    return self.do_stream()
                outer.requests += 1
                outer.asked.append(self.path)
                status, body, tag = outer.current
                if "since=" in self.path:
                    body = outer.deltas.get(self.path.split("since=")[1], body)
                if tag and self.headers.get("If-None-Match") == tag:
                    status, body = 304, b""
                self.send_response(status)
                if status == 200:
                    self.send_header("Content-Type", "application/x-ndjson")
                if tag:
                    self.send_header("ETag", tag)
                for name, value in outer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = outer.report_status
                if callable(status):
                    status = status(body)
                outer.reports.append((status, body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_stream(self):
                outer.streams_asked += 1
                if outer.streams is None:
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                self.close_connection = True

                def write(text):
                    self.wfile.write(text.encode())
                    self.wfile.flush()

                try:
                    outer.streams(self.headers, write)
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        loud = self.server.handle_error

        def handle_error(*arguments):
            if not isinstance(sys.exc_info()[1], ConnectionError):  # a daemon that has had enough
                loud(*arguments)

        self.server.handle_error = handle_error
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        if not self.stopped:
            self.stopped = True
            self.server.shutdown()
            self.server.server_close()

    @staticmethod
    def lines(flags):
        return [(key, json.dumps({"kind": "flag", "key": key, **flag}, separators=(",", ":")).encode())
                 for key, flag in sorted(flags.items())]

    @staticmethod
    def digest(lines):
        digest = hashlib.sha256()
        for key, line in lines:
            digest.update(f"flag {key} {hashlib.sha256(line).hexdigest()}\n".encode())
        return digest.hexdigest()

    @classmethod
    def document(cls, revision, flags, environment="production", twice=False, version=1):
        lines = cls.lines(flags)
        if twice:
            lines.append(lines[0])
        head = {"pennon": version, "environment": environment, "epoch": 1, "revision": revision,
                "flags": len(lines), "segments": 0, "digest": cls.digest(lines)}
        return b"\n".join([json.dumps(head).encode(), *(line for _, line in lines)]) + b"\n"

    @classmethod
    def delta(cls, since, revision, changed, deleted, whole):
        """What makes the flags `whole` of those of revision `since`."""
        lines = cls.lines(changed)
        head = {"pennon": 1, "environment": "production", "epoch": 1, "revision": revision, "since": since,
                "deleted": len(deleted), "flags": len(lines), "segments": 0,
                "digest": cls.digest(cls.lines(whole))}
        gone = [json.dumps({"kind": "flag", "key": key, "deleted": True}).encode() for key in deleted]
        return b"\n".join([json.dumps(head).encode(), *(line for _, line in lines), *gone]) + b"\n"

    def publish(self, revision, flags):
        self.current = (200, self.document(revision, flags), f'"{revision}"')

    def answer(self, status, body):
        self.current = (status, body, "")
