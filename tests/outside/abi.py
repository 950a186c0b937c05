#!/usr/bin/env python3
"""Compares what libpennon promises with what is written down: abi.py LIBRARY PENNON_H ABI_TXT

Declarations as the compiler sees them, and exported symbols with their versions. With PENNON_REFRESH_ABI=1 it is
written down anew.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


library, header, written = sys.argv[1:]
text = output("gcc", "-E", "-P", "-std=c99", header)
declarations = [" ".join(one.split()) for one in re.findall(r"[^;{}]*(?:\{[^{}]*\}[^;{}]*)?;", text)]
declarations = [one.replace('__attribute__((visibility("default"))) ', "") for one in declarations if "pennon_" in one]
symbols = [line.split()[-1] for line in output("nm", "-D", "--defined-only", "--with-symbol-versions", library).splitlines()]
soname = re.search(r"soname: \[(.*)\]", output("readelf", "-d", library))[1]
now = "\n".join([soname, *declarations, *sorted(symbols)]) + "\n"
path = pathlib.Path(written)
if os.environ.get("PENNON_REFRESH_ABI"):
    path.write_text(now)
before = path.read_text()
if now != before:
    print("abi: what programs are linked against has changed:", file=sys.stderr)
    sys.stderr.writelines(difflib.unified_diff(before.splitlines(True), now.splitlines(True), "written down", "now"))
    print("abi: add, never change: what is taken away or changed needs another SOVERSION. If it is meant:\n"
          "  PENNON_REFRESH_ABI=1 tests/outside/run build/outside", file=sys.stderr)
    sys.exit(1)
