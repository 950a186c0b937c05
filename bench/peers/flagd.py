"""flagd: OFREP over HTTP. Its socket speaks gRPC only, and its ports cannot be bound to loopback alone."""
from peer import Peer, built_from
from server import free_port


def definition(flag):
    written = {"state": "ENABLED", "variants": {"on": True, "no": False}}
    if flag.kind == "static":
        return {**written, "defaultVariant": "on" if flag.is_on else "no"}
    region = {"in": [{"var": "region"}, flag.regions]}
    if flag.kind == "one":
        return {**written, "defaultVariant": "no", "targeting": {"if": [region, "on", "no"]}}
    when = {"and": [{"in": [{"var": "tier"}, flag.tiers]}, {">=": [{"var": "score"}, flag.score]},
                    {"or": [{"==": [{"var": "role"}, flag.role]}, region]}]}
    rest = {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}, ["on", 25], ["no", 75]]}
    return {**written, "defaultVariant": "no", "targeting": {"if": [when, "on", rest]}}


def document(flags):
    return {"flags": {flag.key: definition(flag) for flag in flags}}


class Flagd(Peer):
    name = "flagd"
    programs = ("flagd",)
    variable = "PENNON_PEER_FLAGD"
    install = "go install github.com/open-feature/flagd/flagd@v0.16.1"
    can = frozenset(["single", "bulk"])
    file = "flags.flagd.json"
    document = staticmethod(document)
    note = "no copy on disk; with its upstream dead it ends (from its source, not run)"

    def version(self):
        return built_from(self.program, "github.com/open-feature/flagd/flagd")

    def command(self, directory, port, socket):
        return [self.program, "start", "-f", f"file:{directory / self.file}", "--port", str(free_port()),
                "--management-port", str(free_port()), "--sync-port", str(free_port()), "--ofrep-port", str(port)]
