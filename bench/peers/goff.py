"""GO Feature Flag's relay proxy: OFREP over TCP or a Unix socket. Fast is, by its documentation: a file, JSON, no
exporter."""
import json
import time

from peer import Peer, Unable, built_from
from server import Server, free_port


def quoted(values):
    return "[" + ",".join(f'"{value}"' for value in values) + "]"


def definition(flag):
    variations = {"variations": {"on": True, "no": False}}
    if flag.kind == "static":
        return {**variations, "defaultRule": {"variation": "on" if flag.is_on else "no"}}
    region = f"region in {quoted(flag.regions)}"
    if flag.kind == "one":
        return {**variations, "targeting": [{"name": "region", "query": region, "variation": "on"}],
                "defaultRule": {"variation": "no"}}
    query = f'(tier in {quoted(flag.tiers)}) and (score ge {flag.score}) and ((role eq "{flag.role}") or ({region}))'
    return {**variations, "targeting": [{"name": "nested", "query": query, "variation": "on"}],
            "defaultRule": {"percentage": {"on": 25, "no": 75}}}


def document(flags):
    return {flag.key: definition(flag) for flag in flags}


class Goff(Peer):
    name = "GO Feature Flag relay"
    programs = ("go-feature-flag-relay", "relayproxy", "go-feature-flag-relay-proxy")
    variable = "PENNON_PEER_GOFF"
    install = ("in an empty Go module with the `replace` lines and the go.sum of "
               "github.com/thomaspoignant/go-feature-flag@v1.55.2: go build "
               "github.com/thomaspoignant/go-feature-flag/cmd/relayproxy")
    can = frozenset(["single", "bulk", "unix", "cold"])
    document = staticmethod(document)

    def version(self):
        return built_from(self.program, "github.com/thomaspoignant/go-feature-flag")

    def command(self, directory, port, socket):
        return self._command(directory, port, socket, {"kind": "file", "path": str(directory / self.file)}, {})

    def prepare_cold(self, directory, flags):
        """A relay with its option for a copy on disk writes it at its first fetch."""
        self.write(directory, flags)
        kept = directory / "kept.yaml"
        port = free_port()
        before = Server(self, self._command(
            directory, port, None, {"kind": "file", "path": str(directory / self.file)},
            {"persistentFlagConfigurationFile": str(kept)}), directory, port)
        try:
            before.wait(flags[0])
            deadline, size = time.monotonic() + 60, -1
            while time.monotonic() < deadline and (not kept.exists() or kept.stat().st_size != size):
                size = kept.stat().st_size if kept.exists() else -1
                time.sleep(1)
        finally:
            before.stop()
        if not kept.exists():
            raise Unable("its copy on disk was not written")

    def cold_command(self, directory, port):
        # What it keeps is YAML and is read as `fileFormat` says.
        return self._command(directory, port, None,
                             {"kind": "http", "url": f"http://127.0.0.1:{free_port()}/flags.json"},
                             {"persistentFlagConfigurationFile": str(directory / "kept.yaml"), "fileFormat": "yaml"})

    def _command(self, directory, port, socket, retriever, more):
        server = ({"mode": "unixsocket", "unixSocketPath": str(socket)} if socket
                  else {"mode": "http", "host": "127.0.0.1", "port": port})
        config = directory / f"relay-{port}.yaml"
        config.write_text(json.dumps({"server": server, "retriever": retriever, "pollingInterval": 60_000,
                                      "fileFormat": "json", "logLevel": "error", "hideBanner": True,
                                      "disableVersionHeader": True, **more}))
        return [self.program, "--config", config]
