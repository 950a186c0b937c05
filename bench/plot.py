"""Pictures (SVG) of figures: bars in panels, a heading each. pennon's bars have a colour of their own; text has one for
light pages and one for dark ones."""
import math
from xml.sax.saxutils import escape

from amount import amount, number

WIDTH, BAR, HEADING = 860, 20, 24
NAMES, NUMBERS = 250, 80  # before and behind a bar
OURS, OTHERS, FLOOR, MISSED = "#0f766e", "#94a3b8", "#e2e8f0", "#d97706"
STYLE = ("text{font:13px system-ui,sans-serif;fill:#334155}.title{font-weight:600;fill:#0f172a}line{stroke:#334155}"
         "@media(prefers-color-scheme:dark){text{fill:#cbd5e1}.title{fill:#f1f5f9}line{stroke:#cbd5e1}}")


def panel(title, scale, bars, top, names=NAMES, numbers=NUMBERS, bar=BAR):
    """A heading, and under it a bar each: name, length as a share of the room, what it says, colour. The panel's lines, and
    where it ends."""
    room = WIDTH - names - numbers
    lines = [f'<text x="0" y="{top + 14}"><tspan class="title">{escape(title)}</tspan>: {escape(scale)}</text>']
    top += HEADING
    for name, share, says, colour in bars:
        base, length = top + bar / 2 + 4.4, share * room
        lines += [f'<text x="{names - 10}" y="{base:.1f}" text-anchor="end">{escape(name)}</text>',
                  f'<rect x="{names}" y="{top:.1f}" width="{length:.0f}" height="{bar}" rx="3" fill="{colour}"/>',
                  f'<text x="{names + length + 8:.0f}" y="{base:.1f}">{escape(says)}</text>']
        top += 1.3 * bar
    return lines, round(top) + 14


def svg(title, lines, height):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {WIDTH + 16} {height}" role="img">',
                      f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", *lines, "</svg>", ""])


def on_powers_of_ten(value, low, high):
    """A length; the least is not nothing."""
    low = 10 ** math.floor(math.log10(low))
    return 0.06 + 0.94 * math.log(value / low) / math.log(max(high / low, 10))


def peers(report):
    """What bench/peers/run has written: a panel for each workload, a bar for each who was measured."""
    measured = [row for row in report["rows"] if "value" in row]
    lines, top = [], 8
    for workload in dict.fromkeys(row["workload"] for row in measured):
        rows = [row for row in measured if row["workload"] == workload]
        values, unit = [row["value"] for row in rows], rows[0]["unit"]
        more_is_better = unit.startswith("answers")
        bars = [(row["who"], on_powers_of_ten(row["value"], min(values), max(values)), number(row["value"]),
                 OURS if row["who"].startswith("pennond") else FLOOR if row["note"] == "floor" else OTHERS)
                for row in sorted(rows, key=lambda row: row["value"], reverse=more_is_better)]
        more, top = panel(workload, f"{unit}, {'more' if more_is_better else 'less'} is better", bars, top)
        lines += more
    return svg("pennond beside other flag daemons; the scale is logarithmic", lines, top)


def share(figure):
    """Of its budget."""
    measured = figure.get("ratio", figure["value"])
    return measured / figure["atMost"] if "atMost" in figure else figure["atLeast"] / measured


def budgets(figures):
    """Each figure that has a budget, as a share of it; the line is the budget."""
    shares = sorted(((share(figure), figure) for figure in figures if "atMost" in figure or "atLeast" in figure),
                    key=lambda one: one[0], reverse=True)
    whole, names, numbers, low = max(1, shares[0][0]), 650, 10, 14
    bars = [(f"{figure['name']}: {100 * of:.0f} %", of / whole, "", OURS if figure["pass"] else MISSED)
            for of, figure in shares]
    lines, height = panel("Figures as shares of their budgets", "less is better, the line is the budget", bars, 8, names,
                          numbers, low)
    at = names + (WIDTH - names - numbers) / whole
    lines.append(f'<line x1="{at:.0f}" y1="28" x2="{at:.0f}" y2="{height - 16}"/>')
    return svg("Each figure as a share of its budget", lines, height)


def waits(figures):
    """Of an even load while the flag set is swapped each second, beside the same load while nothing changes. What swaps
    every flag computes for most of the second: its last bar is what a bare program does that computes as long."""
    found = {figure["name"]: figure for figure in figures}
    name = "100,000 flags, swapped for a change of {}: wait at {}".format
    panels = {}
    for kind in ("one flag", "every flag"):
        rows = panels[f"100,000 flags, {kind} changes each second"] = []
        for percentile, of in (("p50", "half of the waits"), ("p99", "99 of 100"), ("p999", "999 of 1,000")):
            wait = found[name(kind, percentile)]
            rows += [(f"{of}, at rest", wait["floor"], OTHERS), (f"{of}, with changes", wait["value"], OURS)]
    bare = found[name("every flag", "p999") + ", beside a bare program's"]
    rows.append(("999 of 1,000, a bare program computes", bare["floor"], OTHERS))
    values = [nanos for rows in panels.values() for _, nanos, _ in rows]
    lines, top = [], 8
    for title, rows in panels.items():
        bars = [(who, on_powers_of_ten(nanos, min(values), max(values)), amount(nanos, "ns"), colour)
                for who, nanos, colour in rows]
        more, top = panel(title, "waits of an even load, less is better", bars, top, 290)
        lines += more
    return svg("Waits while flags change, beside those at rest; the scale is logarithmic", lines, top)
