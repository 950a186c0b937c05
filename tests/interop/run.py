#!/usr/bin/env python3
"""The stock OpenFeature providers of other languages, as examples/openfeature shows them, against a real daemon.

Each example asks the same seven questions and prints what it got; all have to print the same. `--offline` counts a language
whose packages cannot be had as left out; without it that is a failure.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import Daemon, Store  # noqa: E402

EXAMPLES = ROOT / "examples" / "openfeature"
PREPARE_SECONDS = 600
RUN_SECONDS = 120
# What everybody has to be told; the error codes are OpenFeature's.
EXPECTED = [
    {"flag": "new-checkout", "value": True, "variant": "on", "error": ""},
    {"flag": "banner", "value": "Sålg — 50 %", "variant": "sale", "error": ""},
    {"flag": "page-size", "value": 100, "variant": "large", "error": ""},
    {"flag": "sample-rate", "value": 1.0, "variant": "all", "error": ""},
    {"flag": "layout", "value": {"columns": 3, "title": "Hei", "nested": {"on": True}}, "variant": "wide", "error": ""},
    {"flag": "not-there", "value": True, "variant": "", "error": "FLAG_NOT_FOUND"},
    {"flag": "new-checkout", "value": "of another type", "variant": "", "error": "TYPE_MISMATCH"},
]


class Language:
    """How an example is made ready, in a folder of its own, and run."""

    def __init__(self, name, tools, prepare, runs):
        self.name, self.tools, self.prepare, self.runs = name, tools, prepare, runs


LANGUAGES = [
    Language("node", ["node", "npm"], [["npm", "ci", "--no-audit", "--no-fund"]],
             {"server, http": ["node", "evaluate.mjs"], "server, socket": ["node", "evaluate.mjs"],
              "web, http": ["node", "evaluate.mjs", "web"], "web, socket": ["node", "evaluate.mjs", "web"]}),
    Language("python", ["python3"], [["python3", "-m", "venv", ".venv"],
                                     [".venv/bin/pip", "-q", "install", "-r", "requirements.txt"]],
             {"http": [".venv/bin/python", "evaluate.py"], "socket": [".venv/bin/python", "evaluate.py"]}),
    Language("go", ["go"], [["go", "build", "-o", "evaluate", "."]],
             {"http": ["./evaluate"], "socket": ["./evaluate"]}),
    Language("java", ["java", "mvn"], [["mvn", "-q", "-B", "compile", "dependency:build-classpath",
                                        "-Dmdep.outputFile=classpath"]],
             {"http": ["sh", "-c", "exec java -cp target/classes:$(cat classpath) Evaluate"]}),
]


def run(command, folder, seconds, environment=None):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return done.stdout


def same(got):
    """Languages differ in what a variant of an error is; the default's variant is not asked for."""
    return [{**one, "variant": "" if one["error"] else one["variant"]} for one in got]


def check(language, folder, daemon):
    host, port = daemon.http_address()
    failures = 0
    for way, command in language.runs.items():
        environment = {"OFREP_SOCKET": daemon.socket} if "socket" in way else {"OFREP_URL": f"http://{host}:{port}"}
        try:
            got = [json.loads(line) for line in run(command, folder, RUN_SECONDS, environment).splitlines()]
            wrong = [pair for pair in zip(same(got), EXPECTED) if pair[0] != pair[1]]
            problem = f"expected {wrong[0][1]}, got {wrong[0][0]}" if wrong else ""
            if len(got) != len(EXPECTED):
                problem = f"printed {len(got)} lines"
        except (RuntimeError, subprocess.TimeoutExpired, ValueError) as error:
            problem = str(error)
        print(f"  {language.name:<7} {way:<15} {'ok' if not problem else 'FAILED: ' + problem}", flush=True)
        failures += bool(problem)
    return failures


def main():
    offline = "--offline" in sys.argv[1:]
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")]
    failures = left_out = 0
    with tempfile.TemporaryDirectory(prefix="pennon-interop-") as directory:
        folder = pathlib.Path(directory)
        (folder / "store").mkdir()
        (folder / "daemon").mkdir()
        store = Store(folder / "store", document=pathlib.Path(__file__).parent / "flags.json")
        daemon = Daemon(folder / "daemon", store)
        for language in LANGUAGES:
            if wanted and language.name not in wanted:
                continue
            copy = folder / language.name
            shutil.copytree(EXAMPLES / language.name, copy, ignore=shutil.ignore_patterns("node_modules", "target"))
            try:
                missing = [tool for tool in language.tools if shutil.which(tool) is None]
                if missing:
                    raise RuntimeError("not installed: " + ", ".join(missing))
                for command in language.prepare:
                    run(command, copy, PREPARE_SECONDS)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                left_out += offline
                failures += not offline
                print(f"  {language.name:<7} {'left out' if offline else 'FAILED'}: {error}", flush=True)
                continue
            failures += check(language, copy, daemon)
        daemon.program.end()
        store.program.end()
    print(f"interop: {failures} failed, {left_out} left out")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
