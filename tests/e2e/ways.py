"""Every way to ask real processes that have one and the same flag set.

`all_flags` are {way: function of a context}, `one_flag` {way: function of key and context}, `typed` {way: function of key,
default and attributes}.
"""
import http.client
import json
import pathlib
import urllib.parse

import libpennon
from frame_client import FrameClient
from harness import Daemon, Store, UnixHttpConnection, eventually

BULK, NOPE = "/ofrep/v1/evaluate/flags", "nope"


def once(members):
    """An object of an answer, no name of which is there twice."""
    made = dict(members)
    assert len(made) == len(members), members
    return made


class HttpClient:
    def __init__(self, cleanup, connection, **headers):
        cleanup.callback(connection.close)
        self.connection, self.headers = connection, {"Content-Type": "application/json", **headers}

    def post(self, path, **body):
        self.connection.request("POST", path, json.dumps(body, ensure_ascii=False).encode(), self.headers)
        return json.loads(self.connection.getresponse().read(), object_pairs_hook=once)

    def ofrep(self, context):
        return {one["key"]: one for one in self.post(BULK, context=context)["flags"]}

    def ofrep_one(self, key, context):
        return self.post(f"{BULK}/{urllib.parse.quote(key, safe='')}", context=context)

    def evaluate(self, context):
        return self.post("/evaluate", context=context)["evaluations"]

    def evaluate_one(self, key, context):
        return self.post("/evaluate", context=context, flag=key)["evaluations"][key]


class Ways:
    """What it starts and opens ends with `cleanup`, an ExitStack."""

    def __init__(self, cleanup, folder):
        self.cleanup, self.folder = cleanup, folder
        self.all_flags, self.one_flag, self.typed = {}, {}, {}

    def add_http(self, name, connection, **headers):
        client = HttpClient(self.cleanup, connection, **headers)
        self.all_flags |= {f"OFREP {name}": client.ofrep, f"/evaluate {name}": client.evaluate}
        self.one_flag |= {f"OFREP {name}": client.ofrep_one, f"/evaluate {name}": client.evaluate_one}

    def written(self, document):
        path = self.folder / "flags.json"
        path.write_text(json.dumps(document, ensure_ascii=False))
        return path

    def add_daemon(self, document):
        daemon = Daemon(self.folder, arguments=["--upstream-kind", "file", "--upstream-file", self.written(document)])
        self.cleanup.callback(daemon.program.end)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has read the file")
        self.add_http("on loopback", http.client.HTTPConnection(*daemon.http_address(), timeout=30))
        self.add_http("on the Unix socket", UnixHttpConnection(daemon.socket))
        frames, keys = FrameClient(daemon.socket, timeout=30), [*document["flags"], NOPE]
        self.cleanup.callback(frames.close)
        frames.hello()
        self.all_flags["frames"] = lambda context: {one["key"]: one for one in frames.batch(keys, context)["evaluations"]}
        self.one_flag["frames"] = frames.evaluate
        if not libpennon.IS_SANITIZED:
            for mode, way in enumerate(("mapped", "frames")):
                self.add_libpennon(daemon.socket, mode, way)

    def add_libpennon(self, socket, mode, way):
        client = libpennon.load().Client(socket_path=socket, timeout_ms=30_000, mode=mode)
        self.cleanup.callback(client.close)
        eventually(lambda: client.way == way and client.wait_ready(0), f"the client is {way}")

        def all_flags(context):
            answers = client.all(**context)
            assert client.way == way, client.way
            return answers
        self.all_flags[f"libpennon, {way}"], self.typed[f"libpennon, {way}"] = all_flags, client.detail

    def add_store(self, document):
        store = Store(self.folder, self.written(document))
        self.cleanup.callback(store.program.end)
        self.add_http("of the store", store.connection(), Authorization="Bearer " + pathlib.Path(store.key_file).read_text().strip())
