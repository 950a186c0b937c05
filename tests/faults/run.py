#!/usr/bin/env python3
"""Runs rows of the fault catalogue and prints what became of each; docs/reliability.md.

run.py [--quick] [--jobs N] [ID or group…]      PENNON_BIN names the folder with the programs
"""
import argparse
import concurrent.futures
import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import traceback
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "support")]

from harness import BIN  # noqa: E402
from catalogue import ALONE, ELSEWHERE, GROUPS, NOT_RUN, ROWS  # noqa: E402

ROW = re.compile(r"test_([A-Z]\d\d)_")
MODULES = sorted(path.stem for path in HERE.glob("[a-z]_*.py"))


def tests_by_row():
    """{id: [names that unittest loads]}"""
    found = {}

    def walk(suite):
        for one in suite:
            if isinstance(one, unittest.TestSuite):
                walk(one)
            elif match := ROW.match(one.id().split(".")[-1]):
                found.setdefault(match[1], []).append(one.id())
            else:
                raise SystemExit(f"{one.id()} is not a row: {getattr(one, '_exception', '')}")
    for module in MODULES:
        walk(unittest.defaultTestLoader.loadTestsFromName(module))
    return found


class Result(unittest.TestResult):
    """The outcome of one test: (state, text)."""
    outcome = ("passed", "")

    def fail(self, of, error):
        """What fails while a failed test is left is told after what it failed of."""
        before = self.outcome[1] if self.outcome[0] == "failed" else ""
        self.outcome = ("failed", before + of + "".join(traceback.format_exception(*error)))

    def addFailure(self, test, error):
        self.fail("", error)
    addError = addFailure

    def addSkip(self, test, reason):
        """Of a test of which only a part was skipped the rest ran; what was failed stays so."""
        if self.outcome[0] in ("passed", "partly"):
            is_bug, is_part = reason.startswith("open bug: "), hasattr(test, "test_case")
            self.outcome = ("open bug", reason[10:]) if is_bug else ("partly" if is_part else "not run", reason)

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.fail(f"{subtest}\n", error)


def too_long(*_):
    raise AssertionError(f"not done after {LIMIT_SECONDS} s")


def run_unit(name):
    """A case of a unit program: unit:<layer>:<case>."""
    _, layer, case = name.split(":", 2)
    began = time.monotonic()
    program = BIN.parent / "tests" / "unit" / layer / f"unit_{layer}"
    if not program.exists():
        return name, "not run", f"unit_{layer} is not built", 0
    case = case.replace("\\", "\\\\").replace(",", "\\,")
    ran = subprocess.run([program, "-tc=" + case, "-nc"], capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS)
    none = re.search(r"test cases:\s+0 ", ran.stdout)
    state = "passed" if ran.returncode == 0 and not none else "failed"
    return name, state, "there is no such case" if none else ran.stdout, time.monotonic() - began


def run_ui(name):
    """Tests in a browser: ui:<file>:<how their names begin>."""
    _, file, begin = name.split(":", 2)
    began = time.monotonic()
    folder = HERE.parent / "ui"
    if not (folder / "node_modules").exists():
        return name, "not run", "what tests/ui needs is not installed: ./test faults does", 0
    ran = subprocess.run(["node", "--test", "--test-reporter=tap", "--test-name-pattern=^" + re.escape(begin), folder / f"{file}.test.mjs"],
                         capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS, env={**os.environ, "PENNON_BIN": str(BIN)})
    some = re.search(r"^ok (?!.*# SKIP)", ran.stdout, re.M)
    state = "passed" if ran.returncode == 0 and some else "failed"
    return name, state, ran.stdout if some else "there is no such test\n" + ran.stdout, time.monotonic() - began


def run_one(name):
    for kind, run in (("unit:", run_unit), ("ui:", run_ui)):
        if name.startswith(kind):
            return run(name)
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT_SECONDS)
    began = time.monotonic()
    result = Result()
    output, sys.stdout = sys.stdout, io.StringIO()
    try:
        unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    finally:
        signal.alarm(0)
        sys.stdout = output
    return name, *result.outcome, time.monotonic() - began


LIMIT_SECONDS = int(os.environ.get("PENNON_FAULTS_LIMIT_SECONDS", 900))  # of one test
WORST = ("failed", "open bug", "partly", "not run", "passed")


def of_row(results):
    """What a row has come to by the (state, text, seconds) of its tests, and what to say of it."""
    states = {one[0] for one in results}
    state = "partly" if states == {"passed", "not run"} else min(states, key=WORST.index)
    told = {"open bug": ("open bug",), "partly": ("partly", "not run"), "not run": ("not run",)}.get(state, ())
    return state, "; ".join(dict.fromkeys(one[1] for one in results if one[0] in told))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="only rows that take some seconds")
    parser.add_argument("--jobs", type=int, default=4, help="rows at a time")
    parser.add_argument("ids", nargs="*", metavar="ID", help="N05, or N for a group")
    arguments = parser.parse_args()
    if arguments.quick:
        os.environ["PENNON_FAULTS_QUICK"] = "1"
    for variable, name in (("KILLS", "KILLS"), ("KILLS_OF_STORE", "KILLS"), ("RESTARTS", "RESTARTS")):
        os.environ.setdefault("PENNON_" + variable, os.environ.get("PENNON_FAULTS_" + name, "10"))
    found = tests_by_row()
    for row, names in ELSEWHERE.items():
        # In ./test the others run by themselves; a row that is only theirs is theirs to tell.
        if not arguments.quick:
            found.setdefault(row, []).extend(names)
    unknown = [one for one in arguments.ids if one not in ROWS and one not in GROUPS]
    if unknown or set(found) - set(ROWS):
        parser.error(f"no such row: {' '.join(unknown) or set(found) - set(ROWS)}")
    wanted = [row for row in ROWS if not arguments.ids or row in arguments.ids or row[0] in arguments.ids]
    names = [name for row in wanted for name in found.get(row, ())]
    outcomes = {}
    alone = [name for row in wanted if row in ALONE for name in found.get(row, ())]
    for jobs, some in ((arguments.jobs, [name for name in names if name not in alone]), (1, alone)):
        with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
            for name, state, text, seconds in pool.map(run_one, some):
                outcomes[name] = (state, text, seconds)
                if state == "failed":
                    print(f"--- {name}\n{text}", flush=True)
    table = {}
    for row in wanted:
        results = [outcomes[name] for name in found.get(row, ())]
        if not results:
            results = [("not run", NOT_RUN.get(row, "runs elsewhere in ./test" if row in ELSEWHERE else "not written yet"), 0)]
        state, text = of_row(results)
        table[row] = state
        print(f"{row}  {state:8}  {sum(one[2] for one in results):5.1f} s  {ROWS[row]}{': ' + text if text else ''}")
    print(f"\n{'group':34}{'rows':>6}{'passed':>8}{'partly':>8}{'failed':>8}{'open bug':>10}{'not run':>9}")
    for group, title in (*GROUPS.items(), ("", "all")):
        states = [state for row, state in table.items() if row.startswith(group)]
        if states:
            print(f"{group + ' ' + title:34}{len(states):6}" + "".join(
                f"{states.count(state):{width}}" for state, width in (("passed", 8), ("partly", 8), ("failed", 8), ("open bug", 10), ("not run", 9))))
    failed = [row for row, state in table.items() if state == "failed"]
    if failed:
        print(f"\nfailed: {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
