"""The workloads, each over the peers that can do it: answers are compared, then measured in turns, then written down."""
import json
import re
import subprocess
import time

import data
import library
import pennond
from load import HttpLoad, Waits, Wrk, interleave, ratio, run, write_requests
from nginx import Nginx
from peer import Unable
from server import SERVER_ON, Failed, Server, free_port

SINGLE_CHECKED, BULK_CHECKED, UNIX_QUESTIONS = 2_048, 256, 1_024
AT_LEAST = {("single", "flagd"): 3, ("single", "GO Feature Flag relay"): 3, ("bulk", "Unleash Edge"): 2}
COLD_SECONDS = 30


class Bench:
    """What a run is: its peers, sizes, folder and report. pennond is the first of the peers."""

    def __init__(self, peers, libraries, directory, report, quick, realtime):
        self.ours, *self.peers = peers
        self.libraries, self.directory, self.report = libraries, directory, report
        # Round robin of realtime: what else runs on the machine does not come between the one caller and its server.
        self.schedule = ("chrt", "--rr", "1") if realtime else ()
        self.rounds, self.seconds = 3 if quick else 7, 1
        self.waits, self.evaluations = (1_000, 20_000) if quick else (2_000, 100_000)
        self.data = data.Data()

    def folder(self, peer, workload):
        made = self.directory / f"{workload}-{re.sub('[^a-zA-Z]', '-', peer.name)}"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def each(self, can, workload):
        """The present peers that can, pennond first; of the absent ones there is a row."""
        for peer in [self.ours, *self.peers]:
            if can not in peer.can:
                continue
            if peer.absence():
                judged = (can, peer.name) in AT_LEAST or can in ("unix", "cold")
                self.report.lack(workload, peer.name, "absent, see below" + ("; the budget is not judged" if judged else ""))
            else:
                yield peer

    def start(self, peer, workload, flags, socket=False, schedule=()):
        directory = self.folder(peer, workload)
        peer.write(directory, flags)
        port = free_port()
        path = directory / "s" if socket else None
        server = Server(peer, peer.command(directory, port, path), directory, port, path, schedule)
        return server.wait(flags[0])

    def started(self, can, workload, flags, check, socket=False, schedule=()):
        """Servers by name, of those whose answers are right."""
        servers = {}
        for peer in self.each(can, workload):
            try:
                server = self.start(peer, can, flags, socket, schedule)
                wrong = check(server)
            except Failed as failure:
                wrong = str(failure)
            if wrong:
                self.report.lack(workload, peer.name, wrong)
            else:
                servers[peer.name] = server
        return servers

    def compare(self, workload, found, unit, can="", rate=True):
        """Rows of what was found; the first is pennond's but for floors."""
        ours = found.get(self.ours.name)
        if not ours:
            raise Failed(f"{workload}: pennond gives no right answers")
        for name, rounds in found.items():
            if name == self.ours.name or name.startswith(("nginx", "echo", "pennond")):
                self.report.add(workload, name, rounds, unit, None if name == self.ours.name else
                                ratio(ours, rounds) if rate else ratio(rounds, ours),
                                note="floor" if name.startswith(("nginx", "echo")) else "")
                continue
            better = ratio(ours, rounds) if rate else ratio(rounds, ours)
            least = AT_LEAST.get((can, name)) if rate else 1
            self.report.add(workload, name, rounds, unit, better, least, strict=not rate)


def ask_single(server, flag, context):
    status, body = server.ask(*server.peer.single(flag, context))
    if status != 200:
        raise Failed(f"{server.peer.name} answers {status} for {flag.key}")
    return server.peer.single_answer(body)


def check_single(bench, server):
    questions = bench.data.questions[:SINGLE_CHECKED]
    return data.check(server.peer.name, [flag.expected(context) for flag, context in questions],
                      [ask_single(server, flag, context) for flag, context in questions])


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
    bench.compare("W10 memory, 10,000 flags", {name: [server.resident() / 2**20] for name, server in servers.items()
                                              if not isinstance(server.peer, Nginx)}, "MiB", rate=False)
    for server in servers.values():
        server.stop()


def bulk(bench):
    servers = http(bench, "bulk", "W4 100 flags, HTTP", bench.data.few, lambda server: check_bulk(bench, server),
                   lambda peer: [peer.bulk(context) for _, context in bench.data.questions])
    for server in servers.values():
        server.stop()


def unix(bench):
    """W1 and W2. Peers here speak HTTP on their socket; pennond answers that and frames on the same."""
    name = "W1 one caller, Unix socket"
    servers = bench.started("unix", name, bench.data.flags, lambda server: check_single(bench, server), socket=True,
                            schedule=bench.schedule)
    asked = bench.data.questions[:UNIX_QUESTIONS]
    file = write_requests(bench.directory / "unix.txt", [bench.ours.single(*question) for question in asked])
    ours = servers[bench.ours.name]
    echo = bench.directory / "echo.sock"
    bytes_of_one = sum(map(len, http_request(file)))
    floor = subprocess.Popen([*bench.schedule, "taskset", "-c", str(SERVER_ON), pennond.RELEASE / "bench" / "echo_main", echo,
                              str(bytes_of_one)])
    try:
        while not echo.exists():
            time.sleep(0.01)
        loads = {"echo server": Waits("echo", echo, file, bench.waits, bench.schedule),
                 "pennond, frames (libpennon)": Waits("frames", ours.socket, file, bench.waits, bench.schedule)}
        loads |= {peer: Waits("http", server.socket, file, bench.waits, bench.schedule) for peer, server in servers.items()}
        # Waiting is what others on the machine disturb most, so the turns are many and short.
        found = interleave(loads, bench.rounds * 3)
    finally:
        floor.kill()
        floor.wait()
    check_rounds(asked, {who: rounds for who, rounds in found.items() if who != "echo server"})
    for percentile in ("p50", "p99"):
        bench.compare(f"{name}, {percentile}", {who: [one[percentile] / 1e3 for one in rounds]
                                                for who, rounds in found.items()}, "µs", rate=False)
    many = {peer: HttpLoad(server, file, bench.seconds) for peer, server in servers.items()}
    bench.compare("W2 64 callers, Unix socket", interleave(many, bench.rounds), "answers/s of CPU", "unix-many")
    for server in servers.values():
        server.stop()


def check_rounds(asked, found):
    """Each round's answers, as the program `waits` gives them."""
    expected = [flag.expected(context) for flag, context in asked]
    for who, rounds in found.items():
        for one in rounds:
            wrong = data.check(who, expected, one["answers"])
            if wrong:
                raise Failed(wrong)


def http_request(file):
    """The parts of the first request as bench/http_text.cpp writes it; all are of one size."""
    path, body = file.read_text().split("\n", 1)[0].split("\t")
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"), body


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
            if server.process.poll() is not None or time.monotonic() > began + COLD_SECONDS:
                raise Failed(f"no right answer within {COLD_SECONDS} s, or it ended")
            time.sleep(0.0005)
    finally:
        server.stop()


def in_process(bench):
    """W12: one evaluation in the caller's process. Ours asks the memory that a daemon shares."""
    name = "W12 in the caller's process"
    asked = bench.data.questions
    file = bench.directory / "questions.json"
    file.write_text(json.dumps([[flag.key, context] for flag, context in asked]))
    expected = [flag.expected(context) for flag, context in asked]
    server = bench.start(bench.ours, "mapped", bench.data.flags, socket=True)
    rows = write_requests(bench.directory / "mapped.txt", [bench.ours.single(*question) for question in asked])
    ours = Waits("mapped", server.socket, rows, bench.evaluations * 10)
    loads = {bench.ours.name: ours}
    for library_name in bench.libraries:
        why = library.absence(library_name)
        try:
            made = None if why else library.Library(library_name, bench.data, bench.directory, file, bench.evaluations)
            why = why or data.check(library_name, expected, made.answers)
        except Failed as failure:
            why = str(failure)
        if why:
            bench.report.lack(name, library_name, f"{why}; install: {library.INSTALL}")
        else:
            bench.report.versions[library_name] = made.version
            loads[library_name] = made
    found = interleave(loads, bench.rounds)
    check_rounds(asked, {bench.ours.name: found[bench.ours.name]})
    ours_found = [one["computed"] for one in found.pop(bench.ours.name)]
    bench.report.add(name, "pennond, mapped", ours_found, "ns of CPU")
    for who, rounds in found.items():
        bench.report.add(name, who, rounds, "ns of CPU", ratio(rounds, ours_found))
    server.stop()
    library.stop_all()


ALL = {"single": single_and_memory, "bulk": bulk, "unix": unix, "cold": cold, "in-process": in_process}
