"""Peers that are libraries for Node, in a process each that is asked for rounds: what an evaluation takes there."""
import json
import pathlib
import shutil
import subprocess

import flagd
import unleash
from server import LOAD_ON, Failed

HERE = pathlib.Path(__file__).resolve().parent
INSTALL = "npm ci --prefix bench/peers --ignore-scripts"


def growthbook(flags):
    def rules(flag):
        region = {"region": {"$in": flag.regions}}
        if flag.kind == "one":
            return [{"condition": region, "force": True}]
        when = {"tier": {"$in": flag.tiers}, "score": {"$gte": flag.score}, "$or": [{"role": flag.role}, region]}
        return [{"condition": when, "force": True}, {"force": True, "coverage": 0.25, "hashAttribute": "id"}]
    return {flag.key: {"defaultValue": flag.is_on} if flag.kind == "static"
            else {"defaultValue": False, "rules": rules(flag)} for flag in flags}


def launchdarkly(flags):
    def clause(attribute, op, values):
        return {"attribute": attribute, "op": op, "values": values, "contextKind": "user", "negate": False}

    def definition(flag):
        rules, fallthrough = [], {"variation": 0 if flag.is_on else 1}
        region = clause("region", "in", flag.regions)
        if flag.kind == "one":
            rules, fallthrough = [{"id": "region", "variation": 0, "clauses": [region]}], {"variation": 1}
        elif flag.kind == "nested":
            both = [clause("tier", "in", flag.tiers), clause("score", "greaterThanOrEqual", [flag.score])]
            rules = [{"id": "role", "variation": 0, "clauses": [*both, clause("role", "in", [flag.role])]},
                     {"id": "region", "variation": 0, "clauses": [*both, region]}]
            fallthrough = {"rollout": {"contextKind": "user", "variations": [{"variation": 0, "weight": 25_000},
                                                                            {"variation": 1, "weight": 75_000}]}}
        return {"key": flag.key, "version": 1, "on": True, "salt": flag.key, "variations": [True, False],
                "offVariation": 1, "fallthrough": fallthrough, "rules": rules, "targets": [], "prerequisites": []}
    return [definition(flag) for flag in flags]


FORMATS = {"@openfeature/flagd-core": flagd.document, "unleash-client": unleash.document,
           "@growthbook/growthbook": growthbook, "@launchdarkly/node-server-sdk": launchdarkly}


def absence(name):
    if not shutil.which("node"):
        return "node is not on PATH"
    return "" if (HERE / "node_modules" / name).exists() else "bench/peers/node_modules has it not"


class Library:
    """`answers` and `version` once made; a round gives nanoseconds of an evaluation."""

    running = []

    def __init__(self, name, data, directory, questions, count):
        self.name, self.count = name, count
        flags = directory / f"{name.replace('/', '-')}.json"
        flags.write_text(json.dumps(FORMATS[name](data.flags)))
        self.process = subprocess.Popen(
            ["taskset", "-c", str(LOAD_ON), "node", HERE / "library.mjs", name, flags, questions],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        Library.running.append(self)
        first = self.process.stdout.readline()
        if not first:
            raise Failed(f"{name}: {self.process.stderr.read().strip()[-200:]}")
        found = json.loads(first)
        self.answers, self.version = found["answers"], found["version"]

    def round(self):
        self.process.stdin.write(f"{self.count}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def stop(self):
        if self in Library.running:
            Library.running.remove(self)
        self.process.kill()
        self.process.wait()


def stop_all():
    for library in list(Library.running):
        library.stop()
