"""Tells of floors that are far below what this class of machine gives (two cores of an AMD EPYC, virtual, Debian 12):
something else is at work, and a ratio to such a floor says little. Reads a part's figures as lines of JSON; exits 1
when there is such a floor, and the part is to be measured again.
"""
import json
import sys

FAR_BELOW = 0.7
# Figure -> its floor there, and whether more is better.
EXPECTED = {"frames, 1 connection, one core, p50": (6_800, False),
            "frames, 64 connections, per core": (375_000, True),
            "OFREP, single, 32 connections, beside nginx": (116_000, True)}


def slow_floors(figures):
    """A sentence for each."""
    for figure in figures:
        expected, more_is_better = EXPECTED.get(figure["name"], (None, None))
        if expected is None:
            continue
        share = figure["floor"] / expected if more_is_better else expected / figure["floor"]
        if share < FAR_BELOW:
            yield f"{figure['name']}: the floor is at {share:.2f} of what such a machine gives ({expected:,} {figure['unit']})"


if __name__ == "__main__":
    found = list(slow_floors(map(json.loads, sys.stdin)))
    print("".join(line + "\n" for line in found), end="")
    sys.exit(1 if found else 0)
