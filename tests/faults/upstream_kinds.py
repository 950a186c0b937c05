"""What an upstream does in a random schedule, kind by kind.

A kind is a context manager of a WatchedDaemon: what is in it happens while the fault lasts. They may overlap: the last one
begun counts. None undoes anything when a run is given up, so there is no `finally` here.
"""
import contextlib
import re
import threading

from watched_daemon import *


def upstream(respond):
    """The upstream answers by `respond`, a function of (watched, connection, an event that is set when the fault is over)."""
    @contextlib.contextmanager
    def fault(watched):
        over = threading.Event()
        with stacked(watched.upstream_faults, lambda connection, _: respond(watched, connection, over),
                     lambda last: setattr(watched.upstream, "fault", last)):
            yield
        over.set()
    return fault


def says(data):
    """And closes."""
    return upstream(lambda watched, connection, over: connection.sendall(data))


def sends(make):
    """A document that `make` makes of the watched."""
    return upstream(lambda watched, connection, over: connection.sendall(answer(200, make(watched))) or True)


def whole(watched):
    return answer(200, watched.upstream.document, [("ETag", watched.upstream.tag)])


def dripping(begin):
    """The answer comes byte by byte from `begin`, a share of it, on."""
    def respond(watched, connection, over):
        data = whole(watched)
        connection.sendall(data[:int(len(data) * begin)])
        for byte in data[int(len(data) * begin):]:
            if over.wait(0.02):
                return
            connection.sendall(bytes([byte]))
    return upstream(respond)


def half(watched, connection, after):
    data = whole(watched)
    connection.sendall(data[:len(data) // 2])
    after(connection)


def lie(watched, **options):
    return SyncServer.document(watched.newest + 1, flags(-1), **options)


def older(watched, connection, over):
    _, document, tag = watched.published[watched.ways.randrange(1, max(watched.newest, 2))]
    connection.sendall(answer(200, document, [("ETag", tag)]))
    return True


@contextlib.contextmanager
def refused(watched):
    watched.upstream.close()
    yield

    def is_open():
        with contextlib.suppress(OSError):  # for a moment somebody else's connection may have the port
            watched.upstream.open()
            return True
    eventually(is_open, "the port is free")


def publishes(shape):
    @contextlib.contextmanager
    def fault(watched):
        watched.publish(shape)
        yield
        watched.publish()
    return fault


UPSTREAM_KINDS = {
    "upstream refuses": refused,
    "upstream answers 503": says(answer(503)),
    "upstream answers 401": says(answer(401)),
    "upstream answers 304": says(head(304)),
    "upstream redirects": says(answer(302, b"", [("Location", "http://127.0.0.2:9/")])),
    "upstream says garbage": says(b"\x16\x03\x01\x00 not HTTP \xff\xfe\r\n\r\n"),
    "upstream is a portal": says(answer(200, b"<html>Sign in</html>", content_type="text/html")),
    "upstream resets": upstream(lambda watched, connection, over: reset(connection)),
    "upstream resets within the body": upstream(lambda watched, connection, over: half(watched, connection, reset)),
    "upstream ends within the body": upstream(lambda watched, connection, over: half(watched, connection, shut)),
    "upstream drips its head": dripping(0),
    "upstream drips its body": dripping(0.5),
    "upstream is silent": upstream(lambda watched, connection, over: over.wait(60) and None),
    "digest is wrong": sends(lambda watched: re.sub(b'"digest": "[0-9a-f]*"', b'"digest": "%s"' % (b"0" * 64), lie(watched))),
    "a line is altered": sends(lambda watched: watched.upstream.document.replace(b'"value":', b'"value":-', 1)),
    "set of another environment": sends(lambda watched: lie(watched, environment="staging")),
    "set of a later version": sends(lambda watched: lie(watched, version=2)),
    "set has a flag twice": sends(lambda watched: lie(watched, twice=True)),
    "older revisions come": upstream(older),
    "set has few flags": publishes(FEW),
    "set is empty": publishes(NONE),
    "a flag is broken": publishes(BROKEN),
}
