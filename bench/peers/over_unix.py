"""A Unix socket: one caller that waits for each answer, and 64 callers."""
import subprocess
import time

import pennond
from bench import check_rounds, check_single
from load import HttpLoad, Waits, interleave, write_requests
from server import SERVER_ON

QUESTIONS = 1_024


def unix(bench):
    """W1 and W2. Peers here speak HTTP on their socket; pennond answers that and frames on the same."""
    name = "W1 one caller, Unix socket"
    servers = bench.started("unix", name, bench.data.flags, lambda server: check_single(bench, server), socket=True,
                            schedule=bench.schedule)
    asked = bench.data.questions[:QUESTIONS]
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


def http_request(file):
    """The parts of the first request as bench/http_text.cpp writes it; all are of one size."""
    path, body = file.read_text().split("\n", 1)[0].split("\t")
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"), body
