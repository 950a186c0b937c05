"""libpennon in the process of a test, by the Python example."""
import os
import re
import sys
import unittest

from harness import BIN, ROOT

BUILD = BIN.parent
# A sanitizer has to be the first library of a process: Python cannot load one that needs it.
SANITIZERS = re.search(r"^PENNON_SANITIZE:STRING=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M)[1]
IS_SANITIZED = bool(SANITIZERS)


def load():
    """The module `pennon`. Skips who needs it where it cannot be had: C++ programs test it there."""
    if IS_SANITIZED:
        raise unittest.SkipTest("Python cannot load a sanitized libpennon")
    os.environ.setdefault("PENNON_LIBRARY", str(BUILD / "lib" / "libpennon.so.1"))
    sys.path.insert(0, str(ROOT / "examples" / "python"))
    import pennon
    return pennon
