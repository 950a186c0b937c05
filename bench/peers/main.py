"""Measures pennond beside the peers that are installed. bench/peers/run builds what this needs, and starts it."""
import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))  # for loading, machine and plot

import cold
import data
import in_process
import library
import over_http
import over_unix
import plot
import server
from bench import Bench
from flagd import Flagd
from goff import Goff
from pennond import Pennond
from report import Report
from splitd import SdkProxy, Splitd
from unleash_edge import UnleashEdge
from unleash_proxy import UnleashProxy
from unleash_server import UnleashServer

PEERS = {"flagd": Flagd, "goff": Goff, "splitd": Splitd, "sdk-proxy": SdkProxy, "edge": UnleashEdge,
         "unleash-proxy": UnleashProxy, "unleash-server": UnleashServer}
LIBRARIES = {"flagd-core": "@openfeature/flagd-core", "unleash-client": "unleash-client",
             "growthbook": "@growthbook/growthbook", "launchdarkly": "@launchdarkly/node-server-sdk"}

WORKLOADS = {"single": over_http.single_and_memory, "bulk": over_http.bulk, "unix": over_unix.unix, "cold": cold.cold,
             "in-process": in_process.in_process}


def parse():
    parser = argparse.ArgumentParser(
        prog="bench/peers/run", description="Speed beside others, in the same run. Exits 1 when a budget is missed.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join([*PEERS, *LIBRARIES])}; all unless told")
    parser.add_argument("--only", action="append", choices=list(WORKLOADS), help="a workload; all unless told")
    parser.add_argument("--flags", type=int, choices=data.SIZES, default=data.FLAGS, help="of the data set (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="three short rounds: to see that it works")
    parser.add_argument("--realtime", action="store_true",
                        help="one caller and its server come before all else on the machine (as root, seconds)")
    parser.add_argument("--json", default="build/peers.json", metavar="FILE", help="where to write the figures")
    told = parser.parse_args()
    unknown = [name for name in told.names if name not in PEERS and name not in LIBRARIES]
    if unknown:
        parser.error(f"no peer is named {', '.join(unknown)}")
    return told


def main():
    told = parse()
    chosen = told.names or [*PEERS, *LIBRARIES]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` is reached
    peers = [Pennond(), *(PEERS[name]() for name in PEERS if name in chosen)]
    report = Report({"flags": told.flags, "quick": told.quick, "realtime": told.realtime})
    for peer in peers:
        if peer.absence():
            report.lack_peer(peer)
        else:
            report.versions[peer.name] = peer.version()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-peers-"))
    libraries = [LIBRARIES[name] for name in LIBRARIES if name in chosen]
    bench = Bench(peers, libraries, directory, report, told.flags, told.quick, told.realtime)
    try:
        for name in told.only or WORKLOADS:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            try:
                WORKLOADS[name](bench)
            except server.Failed as failure:  # the others are measured all the same
                report.fail(name, str(failure))
            finally:
                server.stop_all()
                library.stop_all()
            report.loads.append(os.getloadavg()[0])
    finally:
        for peer in peers:
            peer.end()
        shutil.rmtree(directory, ignore_errors=True)
    report.print()
    report.write(told.json)
    picture = pathlib.Path(told.json).with_suffix(".svg")
    picture.write_text(plot.peers(report.as_json()), encoding="utf-8")
    print(f"written to {told.json}, drawn in {picture}")
    return 1 if report.missed() or report.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
