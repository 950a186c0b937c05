"""A measured figure as a line of JSON, which bench/run reads, and how figures are made of repeated measurements."""
import json
import os
import statistics


def figure(name, unit, value, at_most=None, **more):
    """`at_most` is for the ratio where there is one, else for the value."""
    held = {} if at_most is None else {"atMost": at_most}
    passes = at_most is None or more.get("ratio", value) <= at_most
    print(json.dumps({"name": name, "unit": unit, "value": value, **more, **held, "pass": passes}), flush=True)


def rounds(usual):
    """`usual`, or the fewer that PENNON_BENCH_ROUNDS asks for: bench/run --quick."""
    return min(usual, int(os.environ.get("PENNON_BENCH_ROUNDS", usual)))


def median_millis(measure, rounds=50):
    """`measure` is called with the number of the round, and returns seconds."""
    return statistics.median(measure(number) for number in range(rounds)) * 1000
