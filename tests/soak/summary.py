"""The last word of a soak: tables of what was asked, what went wrong, and what the processes held."""
from figures import FIGURES


def table(rows):
    """Rows as a table that is read as text and as Markdown; all columns but the first are numbers."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(row, widths))) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
                          for column, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def number(value):
    return f"{value:,.0f}".replace(",", " ")


def evaluations(tally):
    rows = [("asked by", "answers", "after waiting for the daemon", "slowest other")]
    for title, way in sorted(tally.ways.items()):
        rows.append((title, number(way.evaluations), number(way.retried), f"{way.slowest * 1000:.0f} ms" if way.slowest else ""))
    return table(rows)


def faults(tally):
    rows = [("fault", "times", "recovered within")]
    for kind, count in sorted(tally.faults.items()):
        seconds = tally.recoveries[kind]
        rows.append((kind, number(count), f"{max(seconds):.1f} s" if seconds else ""))
    return table(rows)


def growth(figures, seconds, tally):
    """Says of each figure whether it is flat, and counts those that are not as failures."""
    rows = [("figure", "begin", "end", "slope a minute", "grown by", "may grow by", "highest")]
    for figure in FIGURES:
        title = f"{figure.process}: {figure.name}" + (f", {figure.unit}" if figure.unit else "")
        highest = number(figures.highest[figure.process, figure.name])
        line = figures.line(figure, seconds)
        if line is None:
            rows.append((title, "", "", "", "too few samples", "", highest))
            continue
        digits = 0 if figure.unit else 1
        grown = line.end - line.begin
        rows.append((title, f"{line.begin:.{digits}f}", f"{line.end:.{digits}f}", f"{line.slope * 60:.2f}",
                     f"{grown:.{digits}f} in {line.seconds:.0f} s", f"{figure.tolerance:.{digits}f}", highest))
        if grown > figure.tolerance:
            tally.fail(f"{title} is not flat: it has grown by {grown:.1f} in {line.seconds:.0f} s")
    return table(rows)


def text(tally, figures, seconds, seed):
    """Everything, with the verdict as its last line."""
    parts = [evaluations(tally), faults(tally), growth(figures, seconds, tally)]
    asked = sum(way.evaluations for way in tally.ways.values())
    failed = "".join(f"failed: {failure}\n" for failure in tally.failures)
    return "\n".join(["", *parts]) + "\n" + failed + (
        f"{seconds / 60:.1f} minutes, seed {seed}: {sum(tally.faults.values())} faults, {number(tally.changes)} changes, "
        f"{number(asked)} answers, {tally.failed} failed")
