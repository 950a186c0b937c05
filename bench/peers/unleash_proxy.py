"""Unleash's proxy for Node, from npm: our start of it, since its own listens on all interfaces."""
import json
import pathlib
import shutil
import time

import unleash
from peer import Peer, Unable
from server import Server, free_port

HERE = pathlib.Path(__file__).resolve().parent
KEY = "frontend"


class UnleashProxy(Peer):
    name = "@unleash/proxy"
    install = "npm ci --prefix bench/peers --ignore-scripts"
    can = frozenset(["single", "bulk", "cold"])
    headers = {"Authorization": KEY}
    document = staticmethod(unleash.document)

    def find(self):
        return shutil.which("node") if (HERE / "node_modules" / "@unleash" / "proxy").exists() else None

    def absence(self):
        return "" if self.program else "node is missing, or bench/peers/node_modules is"

    def version(self):
        return json.loads((HERE / "node_modules/@unleash/proxy/package.json").read_text())["version"]

    def environment(self):
        return {"NODE_ENV": "production"}

    def command(self, directory, port, socket):
        return [self.program, HERE / "unleash_proxy.mjs", str(port), directory / self.file, KEY]

    def single(self, flag, context):
        return "/proxy", {"context": unleash.to_context(context), "toggles": [flag.key]}

    def single_answer(self, body):
        return body["toggles"][0]["enabled"]

    def bulk(self, context):
        return "/proxy", {"context": unleash.to_context(context)}

    def bulk_answer(self, body):
        return {toggle["name"] for toggle in body["toggles"] if toggle["enabled"]}

    def prepare_cold(self, directory, flags):
        """unleash-client writes its backup when it has fetched."""
        self.write(directory, flags)
        port = free_port()
        before = Server(self, self.command(directory, port, None), directory, port)
        try:
            before.wait(flags[0])
            time.sleep(2)
        finally:
            before.stop()
        if not list(directory.glob("unleash-backup-*")):
            raise Unable("unleash-client wrote no backup")

    def cold_command(self, directory, port):
        return [self.program, HERE / "unleash_proxy.mjs", str(port), "dead", KEY]
