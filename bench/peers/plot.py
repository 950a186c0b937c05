#!/usr/bin/env python3
"""Draws what bench/peers/run has written: a panel for each workload, a bar for each who was measured, on a scale
of powers of ten. usage: plot.py build/peers.json docs/images/peers.svg
"""
import json
import math
import sys
from xml.sax.saxutils import escape

WIDTH, NAMES, BAR, GAP, PANEL = 860, 250, 20, 6, 34
ROOM = WIDTH - NAMES - 80  # for bars; the number stands behind its bar
OURS, THEIRS, FLOOR = "#0f766e", "#94a3b8", "#e2e8f0"


def colour(row):
    return OURS if row["who"].startswith("pennond") else FLOOR if row.get("note") == "floor" else THEIRS


def text(value):
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def panel(workload, rows, top):
    """The panel's lines, and where it ends."""
    low = 10 ** math.floor(math.log10(min(row["value"] for row in rows)))
    high = max(row["value"] for row in rows)
    unit = rows[0]["unit"]
    more_is_better = unit.startswith("answers")
    scale = f"{unit}, {'more' if more_is_better else 'less'} is better"
    lines = [f'<text x="0" y="{top + 14}"><tspan class="title">{escape(workload)}</tspan>: {escape(scale)}</text>']
    top += PANEL - 10
    for row in sorted(rows, key=lambda row: row["value"], reverse=more_is_better):
        length = ROOM * (0.06 + 0.94 * math.log(row["value"] / low) / math.log(max(high / low, 10)))
        middle = top + BAR * 0.72
        lines += [f'<text x="{NAMES - 10}" y="{middle}" text-anchor="end">{escape(row["who"])}</text>',
                  f'<rect x="{NAMES}" y="{top}" width="{length:.0f}" height="{BAR}" rx="3" fill="{colour(row)}"/>',
                  f'<text x="{NAMES + length + 8:.0f}" y="{middle}">{text(row["value"])}</text>']
        top += BAR + GAP
    return lines, top + 14


def draw(report):
    measured = [row for row in report["rows"] if "value" in row]
    lines, top = [], 8
    for workload in dict.fromkeys(row["workload"] for row in measured):
        more, top = panel(workload, [row for row in measured if row["workload"] == workload], top)
        lines += more
    style = ("text{font:13px system-ui,sans-serif;fill:#334155}.title{font-weight:600;fill:#0f172a}"
             "@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.title{fill:#f1f5f9}}")
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {WIDTH + 16} {top}" role="img">',
                      "<title>pennond beside other flag daemons; the scale is logarithmic</title>", f"<style>{style}</style>", *lines, "</svg>", ""])


def main(source, target):
    with open(source, encoding="utf-8") as read:
        picture = draw(json.load(read))
    with open(target, "w", encoding="utf-8") as out:
        out.write(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
