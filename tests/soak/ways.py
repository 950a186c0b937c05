"""The load: each way to ask for flags is a thread that asks a bounded number of times a second, and checks every answer."""
import http.client
import json
import threading
import time

import flag_set
import libpennon
from frame_client import FrameClient, FrameError
from ledger import View, Wrong

LOST = (OSError, http.client.HTTPException)
SECONDS = 10  # for one answer; as long as a connection may take with the daemon there
BULK = "/ofrep/v1/evaluate/flags"


class Way(threading.Thread):
    """Asks over a connection that it keeps until it breaks, which it may only when the daemon was killed."""

    def __init__(self, installation, ledger, tally):
        super().__init__(daemon=True)
        self.installation, self.ledger, self.tally = installation, ledger, tally
        self.ended = threading.Event()
        self.connection = None
        self.life = 0
        self.number = 0
        self.newest = 0  # revision that it was answered

    def run(self):
        due = time.monotonic()
        while not self.ended.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / self.rate, time.monotonic() - 1)  # what a busy machine left out is not made up for
            self.number += 1
            try:
                self.evaluate(flag_set.context(self.number))
            except Wrong as wrong:
                self.tally.fail(f"{self.title}: {wrong}")
                self.drop()
        self.drop()

    def evaluate(self, who):
        """One evaluation, asked again for as long as the daemon is known to be down."""
        retried = False
        while True:
            began = time.monotonic()
            try:
                if self.connection is None:
                    self.life = self.installation.life  # before it is made: one of an earlier life may break
                    self.connection, self.view = self.connect(), View(self.ledger)
                revision, values = self.ask(who)
                break
            except LOST as lost:
                excused = self.installation.is_down or self.life != self.installation.life
                self.drop()
                if not excused:
                    raise Wrong(f"no answer after {time.monotonic() - began:.1f} s: {lost!r}") from lost
                retried = True
                if self.ended.wait(0.02):
                    return
        self.view.check(revision, values, who)
        self.newest = revision
        self.tally.answered(self.title, len(values), time.monotonic() - began, retried)

    def drop(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def key(self):
        return flag_set.KEYS[self.number % 7 if self.number % 7 < 5 else self.number % len(flag_set.KEYS)]

    def end(self):
        self.ended.set()
        self.join()


class OfrepWay(Way):
    def connect(self):
        return http.client.HTTPConnection(*self.installation.http, timeout=SECONDS)

    def post(self, path, who):
        self.connection.request("POST", path, json.dumps({"context": who}), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Wrong(f"{path} is answered {answer.status}: {body[:300]!r}")
        return int(answer.headers["Pennon-Revision"]), json.loads(body)


class OfrepSingle(OfrepWay):
    title, rate = "OFREP, one flag", 20

    def ask(self, who):
        key = self.key()
        revision, answer = self.post(f"{BULK}/{key}", who)
        if self.number % 10 == 0:
            self.drop()  # services come and go as well
        return revision, {key: answer.get("value")}


class OfrepBulk(OfrepWay):
    title, rate = "OFREP, all flags", 2

    def ask(self, who):
        revision, answer = self.post(BULK, who)
        values = {one["key"]: one.get("value") for one in answer["flags"]}
        if values.keys() != set(flag_set.KEYS):
            raise Wrong(f"{len(values)} flags of {len(flag_set.KEYS)} at revision {revision}")
        return revision, values


class Frames(Way):
    title, rate = "frames", 60

    def connect(self):
        client = FrameClient(self.installation.daemon.socket, timeout=SECONDS)
        client.hello("production", "soak")
        return client

    def ask(self, who):
        try:
            if self.number % 4 == 0:
                keys = flag_set.KEYS[:5]
                answer = self.connection.batch(keys, who)
                return answer["revision"], {key: one.get("value") for key, one in zip(keys, answer["evaluations"])}
            key = self.key()
            answer = self.connection.evaluate(key, who)
            return answer["revision"], {key: answer.get("value")}
        except FrameError as error:
            raise Wrong(f"an error frame: {error}") from error


class Mapped(Way):
    """libpennon in this process, from memory: no evaluation may notice that the daemon was killed."""
    title, rate = "mapped", 150
    DEFAULTS = {bool: False, int: -1, str: "default", dict: {}}  # no flag's value; what a failure gives

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connection = libpennon.load().Client(socket_path=self.installation.daemon.socket, retry_max_ms=100,
                                                  report_ms=2000)
        self.view = View(self.ledger)

    def evaluate(self, who):
        began = time.monotonic()
        key = self.key()
        kind = type(flag_set.answer(self.ledger.state, self.ledger.shares, key, who))
        answer = self.connection.detail(key, self.DEFAULTS[kind], **who)
        if answer["errorCode"]:
            raise Wrong(f"{key} is answered {answer['errorCode']} ({answer['message']})")
        self.view.check(answer["revision"], {key: answer["value"]}, who, may_step_back=True)
        self.newest = answer["revision"]
        self.tally.answered(self.title, 1, time.monotonic() - began)

    def drop(self):
        """After a wrong answer it is asked again as it is; only the end closes it."""
        if self.ended.is_set():
            super().drop()


def shares(installation):
    """What everybody's share of the split is, which never changes."""
    client = FrameClient(installation.daemon.socket)
    try:
        client.hello("production", "soak")
        return {user: client.evaluate("share", {"targetingKey": user})["value"] for user in flag_set.USERS}
    finally:
        client.close()


WAYS = (OfrepSingle, OfrepBulk, Frames, Mapped)
