"""Unleash's proxy for Node, from npm: our start of it, since its own listens on all interfaces."""
import json
import pathlib
import shutil

import unleash
from peer import Peer

HERE = pathlib.Path(__file__).resolve().parent
KEY = "frontend"


class UnleashProxy(Peer):
    name = "@unleash/proxy"
    install = "npm ci --prefix bench/peers --ignore-scripts"
    can = frozenset(["single", "bulk"])
    headers = {"Authorization": KEY}
    note = "its own start has no flags of a dead upstream"

    def find(self):
        return shutil.which("node") if (HERE / "node_modules" / "@unleash" / "proxy").exists() else None

    def absence(self):
        return "" if self.program else "node is missing, or bench/peers/node_modules is"

    def version(self):
        return json.loads((HERE / "node_modules/@unleash/proxy/package.json").read_text())["version"]

    def write(self, directory, flags):
        (directory / "features.json").write_text(json.dumps(unleash.document(flags)))

    def environment(self):
        return {"NODE_ENV": "production"}

    def command(self, directory, port, socket):
        return [self.program, HERE / "unleash_proxy.mjs", str(port), directory / "features.json", KEY]

    def single(self, flag, context):
        return "/proxy", {"context": unleash.to_context(context), "toggles": [flag.key]}

    def single_answer(self, body):
        return body["toggles"][0]["enabled"]

    def bulk(self, context):
        return "/proxy", {"context": unleash.to_context(context)}

    def bulk_answer(self, body):
        return {toggle["name"] for toggle in body["toggles"] if toggle["enabled"]}
