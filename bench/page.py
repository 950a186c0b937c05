#!/usr/bin/env python3
"""Makes the tables and pictures of docs/performance.md out of what bench/run and bench/peers/run have written last. A table
stands between the lines <!-- made: NAME --> and <!-- end -->; the words around them are of who wrote them. usage: page.py
"""
import json
import pathlib
import re
import sys

import plot
from amount import amount, number

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PART = re.compile(r"^<!-- made: ([a-z]+) -->\n(.*?)^<!-- end -->\n", re.M | re.S)


def table(titles, rows, right=()):
    """`right` are the columns of numbers."""
    lines = [titles, ["---:" if i in right else "---" for i in range(len(titles))], *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def run_on(report):
    of = report["versions"]
    return (f"{report['date']}, {report['processors']} cores of {report['processor']}, {report['memoryGiB']} GiB, "
            f"{report['system']}, kernel {report['kernel']}; " + ", ".join(f"{name} {version}" for name, version in of.items()))


def budget(figure):
    """Without a ratio it is the value's."""
    for key, words in (("atMost", "at most"), ("atLeast", "at least")):
        if key in figure:
            return f"{words} {figure[key]:g}" if "ratio" in figure else f"{words} {amount(figure[key], figure['unit'])}"
    return ""


def judged(words, is_met):
    return f"{words}: {'met' if is_met else '**missed**'}"


def run(bench):
    """Where and when, and what came out."""
    held = [figure for figure in bench["figures"] if budget(figure)]
    missed = [f"`{figure['name']}` ({number(figure.get('ratio', figure['value']))}, {budget(figure)})" for figure in held
              if not figure["pass"]]
    return (f"{run_on(bench)}; load average {bench['loadAverage']:.1f}.\n\n"
            f"{len(bench['figures'])} figures, {len(held)} with a budget, "
            + (f"{len(missed)} over it: {'; '.join(missed)}.\n" if missed else "all met.\n"))


def ways(bench):
    """One caller that waits for each answer, by three ways."""
    found = {figure["name"]: figure for figure in bench["figures"]}

    def of(way, what):
        figure = found[f"ways: {way}, {what}"]
        return amount(figure["value"], figure["unit"])
    return table(["way", "median", "99 of 100", "answers of a core's second"],
                 [[name, of(way, "p50 of an evaluation"), of(way, "p99 of an evaluation"),
                   number(found[f"ways: {way}, answers of a processor's second"]["value"])]
                  for way, name in (("mapped", "mapped"), ("frames", "frames"), ("http", "OFREP, loopback"))], (1, 2, 3))


def budgets(bench):
    """Every figure that has one."""
    return table(["figure", "value", "its limit here", "ratio", "budget"],
                 [[figure["name"], amount(figure["value"], figure["unit"]),
                   amount(figure["floor"], figure["unit"]) if "floor" in figure else "",
                   f"{figure['ratio']:.2f}" if "ratio" in figure else "", judged(budget(figure), figure["pass"])]
                  for figure in bench["figures"] if budget(figure)], (1, 2, 3))


def beside(row):
    """What pennond is, in the words of a row."""
    better = row.get("pennondIsBetterBy")
    if better is None or row["who"].startswith("pennond"):
        return ""
    if row["note"] == "floor":
        return f"{better if row['unit'].startswith('answers') else 1 / better:.2f} of the floor"
    return f"{better:.1f}x better" if better >= 1 else f"{1 / better:.1f}x worse"


def peers(report):
    """A row each who was measured, and who was not, by workload."""
    rows, last = [], ""
    measured = [row for row in report["rows"] if "value" in row]
    for row in measured:
        is_rate = row["unit"].startswith("answers")
        workload = row["workload"] + (", answers of a core's second" if is_rate else "")
        least = row.get("budget", "").replace(">= ", "at least ").replace("> 1", "better")
        rows.append(["" if workload == last else workload, row["who"] + (" (floor)" if row["note"] == "floor" else ""),
                     number(row["value"]) if is_rate else amount(row["value"], row["unit"].removesuffix(" of CPU")),
                     beside(row), judged(least, row["met"]) if least else ""])
        last = workload
    low, high = report["loadAverage"]
    absent = ", ".join(one["who"] for one in report["absent"])
    return (f"{run_on(report)}; {report['flags']:,} flags; load average {low:.1f} to {high:.1f}"
            + (", with `--realtime`.\n\n" if report["realtime"] else ".\n\n")
            + table(["workload", "who", "median", "pennond is", "budget"], rows, (2,))
            + (f"\nNot there: {absent}.\n" if absent else ""))


PARTS = {"run": ("bench", run), "ways": ("bench", ways), "budgets": ("bench", budgets), "peers": ("peers", peers)}
PICTURES = {"peers": ("peers", plot.peers), "budgets": ("bench", lambda bench: plot.budgets(bench["figures"])),
            "waits": ("bench", lambda bench: plot.waits(bench["figures"]))}


def fill(text, made):
    """The page with `made`, texts by name, in their places. Raises ValueError when those are not each of the page's, once."""
    names = [name for name, _ in PART.findall(text)]
    if names != list(made) or text.count("<!-- made:") != len(names) or text.count("<!-- end -->") != len(names):
        raise ValueError(f"the page has places for {names}, and there are {list(made)}")
    return PART.sub(lambda place: f"<!-- made: {place[1]} -->\n\n{made[place[1]]}\n<!-- end -->\n", text)


def main():
    reports = {name: json.loads((ROOT / "build" / f"{name}.json").read_text()) for name in ("bench", "peers")}
    for name, report in reports.items():
        if report["quick"]:
            sys.exit(f"page.py: build/{name}.json is of a quick run, which is nothing to rely on")
    try:
        made = {name: make(reports[source]) for name, (source, make) in PARTS.items()}
        drawn = {name: draw(reports[source]) for name, (source, draw) in PICTURES.items()}
    except KeyError as missing:
        sys.exit(f"page.py: there is no {missing}; the page is made of runs of all parts")
    PAGE.write_text(fill(PAGE.read_text(), made))
    for name, picture in drawn.items():
        (ROOT / "docs" / "images" / f"{name}.svg").write_text(picture)


if __name__ == "__main__":
    sys.exit(main())
