#!/usr/bin/env python3
"""Writes a data set of each size that is asked for: its flags in every peer's format, and the questions with the answers
that they must have. bench/peers/run measures with the same.
usage: data_set.py [--out FOLDER] 10|1000|10000|100000 …
"""
import argparse
import json
import pathlib

import data
import flagd
import goff
import library
import pennond
import unleash

# The programs and libraries of Unleash share theirs; so do flagd and its core.
FORMATS = {"pennond": pennond.document, "flagd": flagd.document, "goff": goff.document, "unleash": unleash.document,
           "growthbook": library.growthbook, "launchdarkly": library.launchdarkly}


def write(flags, directory):
    directory.mkdir(parents=True, exist_ok=True)
    made = data.Data(flags)
    for name, document in FORMATS.items():
        (directory / f"{name}.json").write_text(json.dumps(document(made.flags)))
    (directory / "expected.json").write_text(json.dumps(made.expected()))


def main():
    parser = argparse.ArgumentParser(prog="bench/peers/data_set.py", description="Writes data sets in every peer's format.")
    parser.add_argument("sizes", nargs="+", type=int, choices=data.SIZES, metavar="FLAGS",
                        help=f"of {', '.join(map(str, data.SIZES))}")
    parser.add_argument("--out", type=pathlib.Path, default="build/data", help="a folder, of a folder each (%(default)s)")
    told = parser.parse_args()
    for flags in told.sizes:
        write(flags, told.out / str(flags))
        print(f"{flags:,} flags: {told.out / str(flags)}")


if __name__ == "__main__":
    main()
