"""One flag, and all of a hundred or fewer, over HTTP on loopback; and the memory of those that served the whole data set."""
import data
from bench import check_single
from load import Wrk, interleave
from nginx import Nginx

BULK_CHECKED = 256


def check_bulk(bench, server):
    expected, answered = [], []
    for _, context in bench.data.questions[:BULK_CHECKED]:
        status, body = server.ask(*server.peer.bulk(context))
        if status != 200:
            return f"{server.peer.name} answers {status} for all flags"
        on = server.peer.bulk_answer(body)
        expected += [flag.expected(context) for flag in bench.data.few]
        answered += [flag.key in on for flag in bench.data.few]
    return data.check(server.peer.name, expected, answered)


def http(bench, can, workload, flags, check, rows):
    """W3 and W4: answers of a second of a server's own computing, beside nginx; the servers go on running."""
    servers = bench.started(can, workload, flags, check)
    server = servers[bench.ours.name]
    floor = Nginx(**{"single": {}, "bulk": {}, can: server.ask(*rows(bench.ours)[0])[1]})
    if floor.absence():
        bench.report.lack(workload, floor.name, "absent, see below")
        bench.report.lack_peer(floor)
    else:
        servers[floor.name] = bench.start(floor, can, flags)
    loads = {name: Wrk(server, bench.folder(server.peer, can), rows(server.peer), bench.seconds)
             for name, server in servers.items()}
    bench.compare(workload, interleave(loads, bench.rounds), "answers/s of CPU", can)
    return servers


def single_and_memory(bench):
    servers = http(bench, "single", "W3 one flag, HTTP", bench.data.flags, lambda server: check_single(bench, server),
                   lambda peer: [peer.single(*question) for question in bench.data.questions])
    bench.compare(f"W10 memory, {len(bench.data.flags):,} flags", {name: [server.resident() / 2**20] for name, server in servers.items()
                                              if not isinstance(server.peer, Nginx)}, "MiB", rate=False)
    for server in servers.values():
        server.stop()


def bulk(bench):
    servers = http(bench, "bulk", f"W4 {len(bench.data.few)} flags, HTTP", bench.data.few, lambda server: check_bulk(bench, server),
                   lambda peer: [peer.bulk(context) for _, context in bench.data.questions])
    for server in servers.values():
        server.stop()
