#!/usr/bin/env python3
"""OFREP over loopback beside nginx, which sends a constant of the same size: single evaluations of 10,000 flags by
4,096 different requests, the same pipelined, and all of 100 flags at once; and the first over the Unix socket beside
loopback. Each server has one processor, the load another; what is compared is answers per second of the server's own
computing. Prints figures as lines of JSON. usage: serving.py FOLDER-OF-PROGRAMS FOLDER-OF-BENCHMARKS
"""
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from figure import rounds
from flag_set import COUNTRIES, flag_key, flag_set_text
from loading import nginx_config, wrk_script

BIN, BENCH = map(pathlib.Path, sys.argv[1:3])
ROUNDS = rounds(15)
SECONDS = 1
CONNECTIONS = 32
FLAGS = 10_000
REQUESTS = 4_096
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_ON, LOAD_ON = PROCESSORS[0], PROCESSORS[-1]


def context(rng):
    return {"context": {"targetingKey": f"user-{rng.randrange(1024):04}", "country": rng.choice(COUNTRIES),
                        "plan": rng.choice(["free", "team", "enterprise"]), "version": rng.randrange(40, 60),
                        "beta": rng.random() < 0.5, "email": f"user{rng.randrange(1024):04}@example.org"}}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process, and those it starts, on SERVER_ON."""

    def __init__(self, port, command, socket_path=None):
        self.port, self.socket = port, socket_path
        self.process = subprocess.Popen(["taskset", "-c", str(SERVER_ON), *command],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while self.ask(f"/ofrep/v1/evaluate/flags/{flag_key(0)}", {"context": {"targetingKey": "a"}})[0] != 200:
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"{command[0]} does not answer")
            time.sleep(0.01)

    def ask(self, path, body):
        """Status and body; 0 while nothing listens."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""

    def nanos(self):
        """That the process and its children have computed."""
        pids = [self.process.pid]
        children = pathlib.Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()
        total = 0
        for pid in pids + children:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total

    def stop(self):
        self.process.terminate()
        self.process.wait()


def rate(server, *command):
    """Runs the load; its output, and a function that makes a count of answers a rate of the server's computing."""
    before = server.nanos()
    output = subprocess.run(["taskset", "-c", str(LOAD_ON), *map(str, command)],
                            check=True, capture_output=True, text=True).stdout
    spent = server.nanos() - before
    return output, lambda answers: int(answers) / spent * 1e9


def wrk(server, script):
    output, per_second = rate(server, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", script,
                              f"http://127.0.0.1:{server.port}")
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"wrong answers:\n{output}")
    return per_second(re.search(r"(\d+) requests in", output)[1])


def closed_loop(server, target, requests):
    output, per_second = rate(server, BENCH / "http_load", target, requests, CONNECTIONS, SECONDS)
    return per_second(output)


def start_daemon(directory, count):
    file = directory / f"flags-{count}.json"
    file.write_bytes(flag_set_text(BENCH, count))
    port = free_port()
    path = directory / f"{count}.sock"
    return Server(port, [BIN / "pennond", "--environment", "bench", "--bootstrap-file", file, "--cache-path", "",
                         "--workers", "1", "--http-port", str(port), "--socket-path", path, "--log-level", "error"],
                  path)


def write_requests(file, rows):
    file.write_text("".join(f"{path}\t{json.dumps(body, separators=(',', ':'))}\n" for path, body in rows))
    return file


def compare(name, value, floor, at_least):
    """Both in turns; each gives a rate."""
    ratios, values, floors = [], [], []
    for _ in range(ROUNDS):
        floors.append(floor())
        values.append(value())
        ratios.append(values[-1] / floors[-1])
    ratio = statistics.median(ratios)
    print(json.dumps({"name": name, "unit": "answers/s of CPU", "value": statistics.median(values),
                      "floor": statistics.median(floors), "ratio": ratio, "atLeast": at_least,
                      "pass": ratio >= at_least}), flush=True)


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="pennon-bench-"))
    servers = []
    try:
        rng = random.Random(7)
        single = [(f"/ofrep/v1/evaluate/flags/{flag_key(rng.randrange(FLAGS))}", context(rng)) for _ in range(REQUESTS)]
        bulk = [("/ofrep/v1/evaluate/flags", context(rng)) for _ in range(REQUESTS)]
        many, few = start_daemon(directory, FLAGS), start_daemon(directory, 100)
        servers += [many, few]
        answers = {"single": many.ask(*single[0])[1], "bulk": few.ask(*bulk[0])[1]}
        if json.loads(answers["single"])["variant"] not in ("on", "no") or len(json.loads(answers["bulk"])["flags"]) != 100:
            sys.exit("wrong answers")
        port = free_port()
        config = directory / "nginx.conf"
        config.write_text(nginx_config(directory, port, answers["single"].decode(), answers["bulk"].decode()))
        nginx = Server(port, ["nginx", "-c", config])
        servers.append(nginx)
        singles = write_requests(directory / "single.txt", single)
        one, pipelined = wrk_script(singles, 1), wrk_script(singles, 16)
        all_flags = wrk_script(write_requests(directory / "bulk.txt", bulk), 1)
        compare("OFREP, single, 32 connections, beside nginx", lambda: wrk(many, one), lambda: wrk(nginx, one), 1.0)
        compare("OFREP, single, pipelined by 16, beside nginx unpipelined", lambda: wrk(many, pipelined),
                lambda: wrk(nginx, one), 5.0)
        compare("OFREP, all of 100 flags, beside nginx", lambda: wrk(few, all_flags), lambda: wrk(nginx, all_flags), 0.25)
        compare("OFREP, single, Unix socket beside loopback", lambda: closed_loop(many, many.socket, singles),
                lambda: closed_loop(many, many.port, singles), 1.0)
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(directory)


main()
