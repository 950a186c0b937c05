"""A program whose calls of the C library fail as the test says: the other half of tests/support/fault_control.h."""
import errno
import mmap
import os
import pathlib
import struct

from harness import BIN

LIBRARY = pathlib.Path(os.environ.get("PENNON_FAILING_CALLS", BIN.parent / "lib" / "libfailing_calls.so"))
WRITE, SYNC, OPEN, READ, TRUNCATE, UNLINK, RANDOM, ACCEPT, ALLOCATE, THREAD = (1 << bit for bit in range(10))
NO_SUCH_NAME, TRY_AGAIN, HANG, NO_ADDRESS, ADDRESS, BROKEN_IPV6 = range(1, 7)


class FailingCalls:
    """Use `environment` to start the program; calls on files whose path has `part` in it are met."""
    library = LIBRARY

    def __init__(self, directory, part="cache.db"):
        self.path = pathlib.Path(directory) / "failing-calls"
        self.path.write_bytes(bytes(4096))
        with open(self.path, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), 4096)
        self.environment = {"LD_PRELOAD": str(self.library), "PENNON_FAULTS_CONTROL": str(self.path),
                            "PENNON_FAULTS_PATH": part,
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def put(self, word, value):
        self.words[8 * word:8 * word + 8] = struct.pack("<Q", value)

    def get(self, word):
        return struct.unpack("<Q", self.words[8 * word:8 * word + 8])[0]

    def fail(self, calls, error, first=1, times=0):
        """The calls from the `first` on, counted from now, fail with errno `error`: `times` of them, or all (0)."""
        self.put(0, 0)
        for word, value in ((1, first), (2, times), (3, error), (5, 0), (6, 0), (0, calls)):
            self.put(word, value)

    def delay(self, calls, millis):
        self.fail(calls, 0)
        self.put(4, millis)

    def names(self, what, number=0, millis=0):
        """What a look-up of upstream.test finds."""
        self.put(1, number)
        self.put(4, millis)
        self.put(7, what)

    def set_clock(self, seconds):
        """The wall clock is so far ahead, or behind."""
        self.words[64:72] = struct.pack("<q", seconds)

    def stop(self):
        for word in (0, 4, 7):
            self.put(word, 0)

    @property
    def counted(self):
        return self.get(5)

    @property
    def failed(self):
        return self.get(6)


class FailingAllocations(FailingCalls):
    """Allocations fail instead."""
    library = LIBRARY.with_name("libfailing_allocations.so")

    def fail_allocations(self, first, times=1, from_open=False):
        """`from_open`: counted from when a file is first opened whose path has the part in it."""
        self.put(9, int(from_open))
        self.fail(ALLOCATE, errno.ENOMEM, first, times)
