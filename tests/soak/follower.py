"""Who reads the daemon's event stream, as a page does that wants to know of changes."""
import http.client
import socket
import threading

from event_stream import Sse

SECONDS = 20  # without a byte; a comment comes every 15
TITLE = "event stream"


class Follower(threading.Thread):
    title = TITLE

    def __init__(self, installation, ledger, tally):
        super().__init__(daemon=True)
        self.installation, self.ledger, self.tally = installation, ledger, tally
        self.ended = threading.Event()
        self.last = "none"  # id of an event
        self.newest = 0  # revision that it was told of
        self.was_lost = False
        self.socket = None

    def run(self):
        while not self.ended.is_set():
            life = self.installation.life
            connection = http.client.HTTPConnection(*self.installation.http, timeout=SECONDS)
            try:
                self.follow(connection)
                why = "the stream ended"
            except (OSError, ValueError, http.client.HTTPException) as lost:
                why = repr(lost)
            finally:
                connection.close()
            self.was_lost = True
            if self.ended.wait(0.02):
                return
            if not self.installation.is_down and life == self.installation.life:
                self.tally.fail(f"{TITLE}: {why}")

    def follow(self, connection):
        connection.connect()
        self.socket = connection.sock
        stream = Sse(connection, "/ofrep/v1/events?since=none", self.last)
        if stream.answer.status != 200:
            raise ValueError(f"status {stream.answer.status}")
        before = 0
        while event := stream.event():
            self.last = event["id"]
            revision = int(event["id"].split("-")[0].split(".")[1])
            if revision <= before or revision < self.ledger.floor:
                self.tally.fail(f"{TITLE}: revision {revision} after {max(before, self.ledger.floor)}")
            before = self.newest = revision
            self.tally.answered(TITLE, 1, 0, self.was_lost)
            self.was_lost = False

    def end(self):
        self.ended.set()
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # or it would read on until the next comment
        except (AttributeError, OSError):
            pass
        self.join()
