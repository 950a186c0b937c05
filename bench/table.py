"""Reads figures as lines of JSON, prints them as a table (--json: as they are) and writes them with the machine and its
state. Exits 1 when a figure misses its budget. usage: table.py FILE [--json]
"""
import json
import os
import sys

from floors import slow_floors
from machine import machine

TITLES = ("FIGURE", "VALUE", "FLOOR", "UNIT", "RATIO", "BUDGET", "")
RIGHT = (1, 2, 4, 5)


def budget(figure):
    if "atMost" in figure:
        return f"<= {figure['atMost']:g}"
    if "atLeast" in figure:
        return f">= {figure['atLeast']:g}"
    return ""


def verdict(figure):
    return ("pass" if figure["pass"] else "MISS") if budget(figure) else ""


def row(figure):
    digits = 0 if figure["value"] >= 1000 else 1
    floor = f"{figure['floor']:,.{digits}f}" if "floor" in figure else ""
    ratio = f"{figure['ratio']:.2f}" if "ratio" in figure else ""  # without: the budget is the value's
    return (figure["name"], f"{figure['value']:,.{digits}f}", floor, figure["unit"], ratio, budget(figure), verdict(figure))


def print_table(figures):
    rows = [TITLES, *map(row, figures)]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(TITLES))]
    for cells in rows:
        padded = [cell.rjust(width) if i in RIGHT else cell.ljust(width) for i, (cell, width) in enumerate(zip(cells, widths))]
        print("  ".join(padded).rstrip())
    print()


def main(path, form=""):
    figures = [json.loads(line) for line in sys.stdin]
    held = [figure for figure in figures if budget(figure)]
    missed = sum(not figure["pass"] for figure in held)
    load = os.getloadavg()[0]
    if form == "--json":
        print("\n".join(json.dumps(figure) for figure in figures))
    else:
        print_table(figures)
        print(f"{len(figures)} figures, {len(held)} with a budget, {missed} over it; load average {load:.1f} "
              f"on {os.cpu_count()} processors")
        print("".join(f"{line}\n" for line in slow_floors(figures)), end="")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"figures": figures, "quick": "PENNON_BENCH_ROUNDS" in os.environ, "loadAverage": load, **machine()}, out,
                  indent=2)
        out.write("\n")
    print(f"written to {path}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
