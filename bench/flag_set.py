"""The flags that bench/flag_set.h makes, for what is measured from Python: of a kind each, so that a figure says what one
costs. What others are compared by is mixed: bench/peers/data_set.py.
"""
import subprocess

COUNTRIES = [f"C{letter}" for letter in "ABCDEFGHIJKLMNOP"]  # that subjects come from, evenly


def flag_key(index):
    return f"flag-{index:08}"


def flag_set_text(benchmarks, count):
    """The document of `count` flags."""
    return subprocess.run([benchmarks / "flag_set_text", str(count)], check=True, stdout=subprocess.PIPE).stdout
