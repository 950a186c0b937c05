"""Runs the data suites against the engine: run_suites.py ENGINE [SUITE…].

SUITE is native, unleash, jsonlogic or flagd; none means all. Unleash's comes from npm (package.json
here). The others, which no package ships, are looked for in PENNON_SUITES, else in ../shared/suites
beside the repository; that they are absent is said, and is no failure.
"""
import os
import pathlib
import sys

import suites
from engine import Engine
from outcome import Outcome

HERE = pathlib.Path(__file__).parent
ELSEWHERE = pathlib.Path(os.environ.get("PENNON_SUITES", HERE.parents[2] / "shared" / "suites"))
PACKAGED = HERE / "node_modules" / "@unleash" / "client-specification"


def from_elsewhere(run, name, folder):
    def run_if_there(engine):
        if (ELSEWHERE / folder).is_dir():
            return run(engine, ELSEWHERE / folder)
        outcome = Outcome(name, None)
        outcome.absent = f"there is no {ELSEWHERE / folder}; PENNON_SUITES says where"
        return outcome
    return run_if_there


SUITES = {
    "native": suites.native_rows,
    "unleash": lambda engine: suites.unleash(engine, PACKAGED),
    "jsonlogic": from_elsewhere(suites.jsonlogic, "JSONLogic compatible.json", "jsonlogic"),
    "flagd": from_elsewhere(suites.flagd_schemas, "flagd-schemas", "flagd-schemas"),
}


def main(program, *names):
    unknown = set(names) - set(SUITES)
    if unknown:
        sys.exit(f"there is no suite {', '.join(sorted(unknown))}")
    outcomes = []
    with Engine(program) as engine:
        for name in names or SUITES:
            outcomes.append(SUITES[name](engine))
    for outcome in outcomes:
        outcome.explain()
    print(f"\n{'SUITE':<32} {'PASSED':>12}")
    for outcome in outcomes:
        print(outcome.row())
    return 0 if all(outcome.complete or outcome.absent for outcome in outcomes) else 1


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
