"""Unleash Edge: all flags of a user over HTTP, from a file (offline); with its upstream dead from its backup."""
import json
import pathlib
import re

import unleash
from peer import Peer
from server import free_port

CLIENT, FRONTEND = "*:development.client", "*:development.frontend"  # the form of its tokens; they open nothing


class UnleashEdge(Peer):
    name = "Unleash Edge"
    programs = ("unleash-edge",)
    variable = "PENNON_PEER_UNLEASH_EDGE"
    install = "cargo install unleash-edge --version 20.1.0 --locked --no-default-features"
    can = frozenset(["single", "bulk", "cold"])
    headers = {"Authorization": FRONTEND}
    document = staticmethod(unleash.document)

    def version(self):
        """It does not tell; cargo notes it beside the folder that it installs into."""
        notes = pathlib.Path(self.program).resolve().parent.parent / ".crates.toml"
        found = re.search(r'"unleash-edge (\S+)', notes.read_text()) if notes.exists() else None
        return found[1] if found else "of unknown version"

    def environment(self):
        return {"RUST_LOG": "error"}

    def command(self, directory, port, socket):
        return [self.program, "-i", "127.0.0.1", "-p", str(port), "offline", "-b", directory / self.file, "-c",
                CLIENT, "-f", FRONTEND]

    def single(self, flag, context):
        return f"/api/frontend/features/{flag.key}", unleash.to_context(context)

    def single_answer(self, body):
        return body["enabled"]

    def bulk(self, context):
        return "/api/frontend", unleash.to_context(context)

    def bulk_answer(self, body):
        return {toggle["name"] for toggle in body["toggles"] if toggle["enabled"]}

    def prepare_cold(self, directory, flags):
        """Its backup as its own file writer lays it out."""
        tokens = [{"token": token, "type": kind, "environment": "development", "projects": ["*"], "status": "Validated"}
                  for token, kind in ((CLIENT, "backend"), (FRONTEND, "frontend"))]
        (directory / "unleash_tokens.json").write_text(json.dumps(tokens))
        (directory / "unleash_features.json").write_text(json.dumps([["development", unleash.document(flags)]]))

    def cold_command(self, directory, port):
        return [self.program, "-i", "127.0.0.1", "-p", str(port), "edge", "-u", f"http://127.0.0.1:{free_port()}",
                "-b", directory, "-t", CLIENT]
