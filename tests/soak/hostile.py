"""Clients that mean harm, or are broken: bounded, on loopback and the Unix socket, and gone when the fault ends."""
import contextlib
import socket
import struct

HALF_FRAME = struct.pack("<BBHII", 0xF5, 2, 0, 1, 1000) + b"half"
HALF_REQUEST = b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{\"con"
BULK = (b"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}")
GARBAGE = bytes(range(256)) * 4
CROWD = 150  # on each listener; the daemon's limits leave room for others beside them
SLOW = 3


def on_socket(installation):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(installation.daemon.socket)
    return connection


def on_loopback(installation):
    return socket.create_connection(installation.http, timeout=10)


def send(connection, data):
    """As much as the daemon takes; it may end the connection at any byte."""
    with contextlib.suppress(OSError):
        connection.sendall(data)


@contextlib.contextmanager
def crowd(installation, number, on_unix=b"", on_http=b""):
    """So many connections on both listeners, each with this on it."""
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            for connect, data in ((on_socket, on_unix), (on_loopback, on_http)):
                connection = stack.enter_context(contextlib.closing(connect(installation)))
                send(connection, data)
        yield


def halves(installation):
    """Requests that never become whole: the daemon ends them by its deadline."""
    return crowd(installation, 50, HALF_FRAME, HALF_REQUEST)


def many(installation):
    return crowd(installation, CROWD)


def garbage(installation):
    return crowd(installation, 50, GARBAGE, GARBAGE)


@contextlib.contextmanager
def slow_readers(installation):
    """Ask for all flags again and again and read nothing, until the daemon takes no more of it."""
    with contextlib.ExitStack() as stack:
        for connect in (on_socket, on_loopback) * SLOW:
            connection = stack.enter_context(contextlib.closing(connect(installation)))
            connection.settimeout(0.2)
            send(connection, BULK * 2000)
        yield
