"""What rows D have in common: documents written line by line, and what a daemon says of them."""
import hashlib
import json

from fault_test import *


def set_digest(lines):
    """Of [(kind and key, line)]."""
    digest = hashlib.sha256()
    for name, line in sorted(lines):
        digest.update(f"{name} {hashlib.sha256(line).hexdigest()}\n".encode())
    return digest.hexdigest()


def document(lines, revision=2, **head):
    """A body of these lines (bytes), whatever they are, with a head that fits them unless told otherwise."""
    head = {"pennon": 1, "environment": "production", "epoch": 1, "revision": revision, "flags": len(lines), "segments": 0,
            "digest": set_digest([("flag " + key, line) for key, line in lines]), **head}
    return b"\n".join([json.dumps(head).encode(), *(line for _, line in lines)]) + b"\n"


def line(key, **members):
    return key, json.dumps({"kind": "flag", "key": key, **members}, separators=(",", ":")).encode()


GOOD = line("good", **flag(5))


class DocumentFixture(FaultTest):
    def started(self, flags=None, arguments=()):
        upstream = self.upstream()
        if flags:
            upstream.publish(1, flags)
        return upstream, self.live(upstream, [*POLL, "--report-interval", "100ms", *arguments])

    def send(self, upstream, body, tag=""):
        upstream.fault = lambda connection, _: connection.sendall(answer(200, body, [("ETag", tag)] if tag else ())) or True

    def refuse(self, upstream, daemon, body, why=""):
        """The body changes nothing, and the reason is told."""
        before = daemon.environment()
        upstream.reports.clear()
        self.send(upstream, body)
        self.wait_mishaps(daemon, 2)  # the first may be of what was sent before
        now = daemon.environment()
        self.assertEqual((now["revision"], now["flags"]), (before["revision"], before["flags"]))
        self.assertRegex(now["lastError"], "(?i)" + (why or "."))
        self.assertEqual(now.get("refused"), now["lastError"])
        reported = lambda: [json.loads(told)["refused"] for _, told in upstream.reports]  # whoever published it is to know
        eventually(lambda: now["lastError"] in reported(), lambda: f"{now['lastError']} is reported: {reported()[-3:]}")


__all__ = [name for name in dir() if not name.startswith("_")]
