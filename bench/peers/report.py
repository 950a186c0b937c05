"""The table: a row a measured thing, peers that are absent included; and the same as JSON."""
import json
import os
import statistics

from machine import machine


class Report:
    def __init__(self, how):
        """`how` it is run: flags, quick, realtime."""
        self.how = how
        self.rows, self.absent, self.versions, self.loads = [], [], {}, [os.getloadavg()[0]]
        self.failed = False

    def add(self, workload, who, rounds, unit, better=None, at_least=None, strict=False, note=""):
        """`better`: so many times better than it is pennond. A budget is on that; `strict`: above it."""
        row = {"workload": workload, "who": who, "value": statistics.median(rounds), "low": min(rounds),
               "high": max(rounds), "unit": unit, "note": note}
        if better is not None:
            row["pennondIsBetterBy"] = better
        if at_least is not None:
            met = better > at_least if strict else better >= at_least
            row |= {"budget": f"{'>' if strict else '>='} {at_least:g}", "met": met}
        self.rows.append(row)

    def lack(self, workload, who, why):
        """A row without a number."""
        self.rows.append({"workload": workload, "who": who, "note": why})

    def fail(self, workload, why):
        """A workload that ended early, by ours or the floor."""
        self.failed = True
        self.lack(workload, "the workload", why)

    def lack_peer(self, peer):
        self.absent.append({"who": peer.name, "why": peer.absence(), "install": peer.install})

    def missed(self):
        return [row for row in self.rows if row.get("met") is False]

    def print(self):
        cells = [("WORKLOAD", "WHO", "MEDIAN", "RANGE", "UNIT", "PENNOND IS", "BUDGET", "")]
        last, order = "", list(dict.fromkeys(row["workload"] for row in self.rows))
        for row in sorted(self.rows, key=lambda row: (order.index(row["workload"]), "value" not in row)):
            workload = row["workload"] if row["workload"] != last else ""
            last = row["workload"]
            if "value" not in row:
                cells.append((workload, row["who"], "–", "", "", "", "", row["note"]))
                continue
            better = row.get("pennondIsBetterBy")
            verdict = {None: "", True: "met", False: "MISSED"}[row.get("met")]
            cells.append((workload, row["who"], number(row["value"]), f"{number(row['low'])} – {number(row['high'])}",
                          row["unit"], "" if better is None else f"{better:.2f}x", row.get("budget", ""),
                          " ".join(filter(None, (verdict, row["note"])))))
        widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
        for row in cells:
            print("  ".join(cell.rjust(width) if i in (2, 3, 5, 6) else cell.ljust(width)
                            for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
        for peer in self.absent:
            print(f"\nnot measured: {peer['who']}: {peer['why']}\n  install: {peer['install']}")
        print("\nversions: " + "; ".join(f"{name} {version}" for name, version in self.versions.items()))
        budgets = [row["met"] for row in self.rows if "met" in row]
        print(f"{self.how['flags']:,} flags, {len(self.rows)} rows, {sum(budgets)} budgets met, {len(budgets) - sum(budgets)} missed, {len(self.absent)} "
              f"peers absent; load average {min(self.loads):.1f} to {max(self.loads):.1f} on {os.cpu_count()} processors")

    def as_json(self):
        of = machine()
        return {**self.how, "rows": self.rows, "absent": self.absent, **of,
                "versions": {**of["versions"], **self.versions}, "loadAverage": [min(self.loads), max(self.loads)]}

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            json.dump(self.as_json(), out, indent=2)
            out.write("\n")


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
