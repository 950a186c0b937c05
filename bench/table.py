"""Reads figures as lines of JSON, prints them as a table (--json: as they are) and writes them with the machine's
state. Exits 1 when a figure misses its budget. usage: table.py FILE [--json]
"""
import json
import os
import platform
import sys


def budget(figure):
    if "atMost" in figure:
        return f"<= {figure['atMost']:g}"
    if "atLeast" in figure:
        return f">= {figure['atLeast']:g}"
    return ""


def verdict(figure):
    return ("pass" if figure["pass"] else "MISS") if budget(figure) else ""


def print_table(figures):
    rows = [("FIGURE", "VALUE", "FLOOR", "UNIT", "RATIO", "BUDGET", "")]
    for figure in figures:
        digits = 0 if figure["value"] >= 1000 else 1
        floor = f"{figure['floor']:,.{digits}f}" if "floor" in figure else ""
        ratio = f"{figure['ratio']:.2f}" if "ratio" in figure else ""  # without: the budget is the value's
        rows.append((figure["name"], f"{figure['value']:,.{digits}f}", floor, figure["unit"], ratio,
                     budget(figure), verdict(figure)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) if i in (1, 2, 4, 5) else cell.ljust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def main(path, form=""):
    figures = [json.loads(line) for line in sys.stdin]
    missed = sum(not figure["pass"] for figure in figures)
    load = os.getloadavg()[0]
    if form == "--json":
        print("\n".join(json.dumps(figure) for figure in figures))
    else:
        print_table(figures)
        print(f"\n{len(figures)} figures, {missed} over budget; load average {load:.1f} "
              f"on {os.cpu_count()} processors")
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"figures": figures, "loadAverage": load, "processors": os.cpu_count(),
                   "kernel": platform.release()}, out, indent=2)
        out.write("\n")
    print(f"written to {path}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
