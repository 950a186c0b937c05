"""An event stream (text/event-stream), read event by event."""
import json


class Sse:
    def __init__(self, connection, path, last=None):
        """`last` is the id of the last event that the reader has had."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        self.connection = connection
        connection.request("GET", path, headers=headers)
        self.answer = connection.getresponse()

    def event(self):
        """The next one with data; None at the end of the stream."""
        found = {}
        while line := self.answer.fp.readline():
            line = line.decode().rstrip("\n")
            if not line and "data" in found:
                return {**found, "data": json.loads(found["data"])}
            name, _, rest = line.partition(": ")
            found[name] = rest
        return None

    def close(self):
        self.answer.close()
        self.connection.close()
