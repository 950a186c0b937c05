"""What a run is, and what its workloads share: who takes part, whose answers are right, and how rows are made of rounds."""
import re

import data
from load import ratio
from server import Failed, Server, free_port

SINGLE_CHECKED = 2_048
AT_LEAST = {("single", "flagd"): 3, ("single", "GO Feature Flag relay"): 3, ("bulk", "Unleash Edge"): 2}


class Bench:
    """What a run is: its peers, sizes, folder and report. pennond is the first of the peers."""

    def __init__(self, peers, libraries, directory, report, flags, quick, realtime):
        self.ours, *self.peers = peers
        self.libraries, self.directory, self.report = libraries, directory, report
        # Round robin of realtime: what else runs on the machine does not come between the one caller and its server.
        self.schedule = ("chrt", "--rr", "1") if realtime else ()
        self.rounds, self.seconds = 3 if quick else 7, 1
        self.waits, self.evaluations = (1_000, 20_000) if quick else (2_000, 100_000)
        self.data = data.Data(flags)

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


def check_rounds(asked, found):
    """Each round's answers, as the program `waits` gives them."""
    expected = [flag.expected(context) for flag, context in asked]
    for who, rounds in found.items():
        for one in rounds:
            wrong = data.check(who, expected, one["answers"])
            if wrong:
                raise Failed(wrong)
