"""splitd: evaluates over a Unix socket (msgpack). It follows Split's own service alone, and no version of it could be
installed where this was written, so it is named with what is missing, and not measured."""
from peer import Peer


class Splitd(Peer):
    name = "splitd"
    programs = ("splitd",)
    variable = "PENNON_PEER_SPLITD"
    install = "go install github.com/splitio/splitd/cmd/splitd@v1.7.0"
    can = frozenset(["unix"])

    def absence(self):
        return super().absence() or "installed, but its msgpack and a stand-in for its service are not written"


class SdkProxy(Peer):
    """DevCycle's; the same is true of it."""

    name = "DevCycle sdk-proxy"
    programs = ("sdk-proxy",)
    variable = "PENNON_PEER_SDK_PROXY"
    install = "go install github.com/devcyclehq/sdk-proxy/v2/cmd@v2.5.5"
    can = frozenset(["unix"])

    def absence(self):
        return super().absence() or "installed, but a stand-in for its service is not written"
