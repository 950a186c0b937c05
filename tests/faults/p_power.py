"""Rows P of power that goes: what was written and not synced is dropped, kept in part, in any order, or torn.

A daemon's calls on its cache are recorded (strace); files are made of them as a disk might have them when the power
goes after any of the calls, and a daemon starts on these.
"""
import copy
import pathlib
import random
import re
import shutil
import unittest

from persistence_test import *

TEXT = r'((?:\\x..)*)'
CALL = re.compile(rf'^([\d.]+) (?:(unlink)\("{TEXT}"\)|(\w+)\(\d+<{TEXT}>(?:, "{TEXT}")?(?:, (\d+))?(?:, (\d+))?\)) += (-?\d+)', re.M)
FILES = {"cache.db", "cache.db-wal", "cache.db-journal"}
SECTOR = 512


def text(escaped):
    return bytes.fromhex((escaped or "").replace("\\x", ""))


class Call:
    def __init__(self, found):
        at, unlink, unlinked, name, path, data, first, second, result = found
        self.at, self.name, self.data = float(at), unlink or name, text(data)
        path = pathlib.Path(text(unlinked or path).decode())
        self.file = path.name
        self.place = int((second if name == "pwrite64" else first) or 0)
        self.is_sync, self.failed = self.name.endswith("sync"), result.startswith("-")

    def makes_safe(self, other):
        """A file's contents are synced by the file; the end of a file by any sync, as a file system has one journal."""
        return other.name == "unlink" or self.file == other.file

    def torn(self):
        half = copy.copy(self)
        half.data = self.data[:SECTOR]
        return half

    def apply(self, files):
        if self.name == "unlink":
            return files.pop(self.file, None)
        content = files.setdefault(self.file, bytearray())
        content.extend(bytes(max(0, self.place - len(content))))  # what was never written reads as zeros
        if self.name == "ftruncate":
            del content[self.place:]
        else:
            content[self.place:self.place + len(self.data)] = self.data


def recorded(folder):
    """The calls of all threads in their order: one thread has the file at a time."""
    calls = [Call(found) for path in folder.glob("trace.*") for found in CALL.findall(path.read_text())]
    return sorted((call for call in calls if call.is_sync or call.file in FILES), key=lambda call: call.at)


def split(calls):
    """What is safe, because its file was synced afterwards, and what is not. After a sync that failed, the kernel takes
    what it should have written for written: nobody will write it any more.
    """
    open_, safe = [], []
    for call in calls:
        if not call.is_sync:
            open_.append(call)
            continue
        synced = [one for one in open_ if call.makes_safe(one) and not (call.failed and one.name == "unlink")]
        safe += [] if call.failed else synced
        open_ = [one for one in open_ if one not in synced]
    return safe, open_


def fates(open_):
    """What a disk may have of calls that were not synced, by what happens to them: it writes them in any order."""
    yield "dropped", []
    yield "kept", open_
    yield "the last alone", open_[-1:]
    yield "without the first", open_[1:]
    yield "every other", open_[::2]
    if open_ and open_[-1].data:
        yield "torn", [*open_[:-1], open_[-1].torn()]


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class PowerTest(PersistenceTest):
    LAST = 5

    def setUp(self):
        super().setUp()
        self.starts = []

    def record(self, inject=()):
        """The calls of a daemon that has said of the revisions 1 to LAST that they are kept. `self.daemon` is another one,
        of the same upstream, which is gone: the cache is of an upstream.
        """
        folder, upstream = self.folder("trace"), self.upstream()
        for path in folder.iterdir():
            path.unlink()
        wrap = ["strace", "-D", "-ff", "-qq", "-ttt", "-y", "-xx", "-s", "100000", "-e", "trace=pwrite64,ftruncate,unlink,fsync,fdatasync",
                "-o", str(folder / "trace"), *inject]
        daemon = self.start_daemon(upstream, POLL, wrap=wrap, name=f"recorded{len(self.starts)}")
        self.starts.append(daemon)
        self.wait_revision(daemon, 1)
        self.wait_kept(daemon, 1)
        for revision in range(2, self.LAST + 1):
            self.change(upstream, daemon, revision)
            self.wait_kept(daemon, revision)
        daemon.program.kill()
        upstream.close()
        self.daemon = self.start_daemon(upstream, POLL, name=f"after{len(self.starts)}")
        return recorded(folder)

    def start_on(self, calls):
        files = {"cache.db": bytearray()}
        for call in sorted(calls, key=lambda call: call.at):
            call.apply(files)
        self.daemon.program.kill()
        folder = pathlib.Path(self.daemon.cache).parent
        for path in folder.glob("cache.db*"):
            path.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self.daemon.start()
        state = self.daemon.environment()
        self.assertEqual(self.daemon.flag("a", default=0)["value"], state["revision"])
        return state

    @without_sanitizer("strace's loader gets in its way")
    def test_P02_power_that_goes_after_any_write_leaves_the_last_set_that_was_synced_or_a_newer_one(self):
        calls = self.record()
        self.assertGreater(sum(call.is_sync for call in calls), self.LAST)
        # Nothing that was said to be kept needs what was not synced.
        self.assertEqual(self.start_on(split(calls)[0])["revision"], self.LAST)
        cuts = [(end, fate) for end in range(1, len(calls) + 1) for fate in fates(split(calls[:end])[1])]
        newest = {}
        for end, (fate, of_open) in random.Random(7).sample(cuts, min(len(cuts), count("POWER_CUTS", 40))):
            safe, _ = split(calls[:end])
            with self.subTest(f"after {end} calls, what was not synced is {fate}"):
                if end not in newest:
                    newest[end] = self.start_on(safe)["revision"]
                state = self.start_on([*safe, *of_open])
                self.assertGreaterEqual(state["revision"], newest[end])
                self.assertNotIn("damage", state["cache"])

    @without_sanitizer("strace's loader gets in its way")
    def test_P08_after_a_sync_that_failed_all_that_it_should_have_synced_is_written_again(self):
        for k in range(4, 4 + count("FAILED_SYNCS", 3)):
            with self.subTest(f"the {k}-th sync fails"):
                calls = self.record(["-e", f"inject=fdatasync:error=EIO:when={k}"])
                self.assertTrue(any(call.failed for call in calls))
                self.assertEqual(self.start_on(split(calls)[0])["revision"], self.LAST)
                self.daemon.program.end()


if __name__ == "__main__":
    unittest.main()
