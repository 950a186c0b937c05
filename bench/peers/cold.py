"""A start with the upstream dead: from exec to the first right answer."""
import time

from peer import Unable
from server import Failed, Server, free_port

LIMIT_SECONDS = 30


def cold(bench):
    """W8: from exec to the first right answer, the upstream dead."""
    name = "W8 start, upstream dead"
    flag, context = next(asked for asked in bench.data.questions if asked[0].kind == "one" and asked[0].expected(asked[1]))
    ready = []
    for peer in bench.each("cold", name):
        try:
            peer.prepare_cold(bench.folder(peer, "cold"), bench.data.flags)
            start_cold(bench, peer, flag, context)
            ready.append(peer)
        except (Unable, Failed) as failure:
            bench.report.lack(name, peer.name, str(failure))
    found = {peer.name: [] for peer in ready}
    for _ in range(bench.rounds):
        for peer in ready:
            found[peer.name].append(start_cold(bench, peer, flag, context))
    bench.compare(name, found, "ms", rate=False)
    for peer in bench.peers:
        if peer.note and "cold" not in peer.can:
            bench.report.lack(name, peer.name, peer.note)


def start_cold(bench, peer, flag, context):
    directory, port = bench.folder(peer, "cold"), free_port()
    command = peer.cold_command(directory, port)
    began = time.monotonic()
    server = Server(peer, command, directory, port)
    asked = peer.single(flag, context)
    try:
        while True:
            status, body = server.ask(*asked)
            if status == 200 and peer.single_answer(body):
                return (time.monotonic() - began) * 1e3
            if server.process.poll() is not None or time.monotonic() > began + LIMIT_SECONDS:
                raise Failed(f"no right answer within {LIMIT_SECONDS} s, or it ended")
            time.sleep(0.0005)
    finally:
        server.stop()
