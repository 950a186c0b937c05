"""Questions that are sent with one call on a connection of their own: nothing that a client would have to ask again for."""
import http.client
import json
import struct

from frame_client import EVALUATE, HELLO, FrameClient, FrameError, attributes, text

FAILURES = (OSError, AssertionError, FrameError, http.client.HTTPException)


def http_in_one_piece(connection):
    """The whole answer to a question that is sent with one call, or an error."""
    connection.sendall(b'POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n{"flag":"banner"}')
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    body = answer.read()
    assert answer.status == 200 and json.loads(body)["evaluations"]["banner"]["value"] == "Welcome", (answer.status, body)


def frames_in_one_piece(connection):
    """As above: HELLO and EVALUATE at once."""
    client = FrameClient.__new__(FrameClient)
    client.socket = connection
    payloads = {HELLO: struct.pack("<H", 1) + text("H", "production") + text("H", "test"), EVALUATE: text("H", "banner") + attributes("H", {})}
    connection.sendall(b"".join(struct.pack("<BBHII", 0xF5, kind, 0, kind, len(payload)) + payload for kind, payload in payloads.items()))
    for client.id in payloads:
        body, _ = client.answer(client.id)
    body.get("QQQBBI")
    value = body.entry(False, False)["value"]
    assert value == "Welcome", value
