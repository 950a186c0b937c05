"""Rows C: what the host program, and the daemon's past, do to the library in it."""
import os
import subprocess
import sys

import libpennon  # noqa: E402
from fault_test import *

# A program with the library in it: `flags` is mapped, `works()` whether it answers.
PROGRAM = """
import ctypes, os, resource, signal, sys, threading, time
import pennon
flags = pennon.Client(retry_max_ms=20, report_ms=10)
user = pennon.Context(targetingKey="user-7")
def works(value=1): return flags.get("a", 0) == value
def wait(condition):
    end = time.monotonic() + 30
    while not condition():
        if time.monotonic() > end: raise SystemExit("never happened")
        time.sleep(0.001)
wait(lambda: flags.way == "mapped")
def ask():
    while True: flags.get("a", 0)
"""
END_SECONDS = 120  # a program that hangs hangs for ever


class ClientTest(FaultTest):
    def program(self, daemon, text, **options):
        """Runs a program with the library in it to its end, which is 0."""
        libpennon.load()
        ran = subprocess.run([sys.executable, "-c", PROGRAM + text], text=True, capture_output=True, timeout=END_SECONDS,
                             env={**os.environ, "PENNON_SOCKET": daemon.socket, "PYTHONPATH": str(ROOT / "examples" / "python")},
                             **options)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        return ran.stdout

    def test_C03_an_end_within_calls_is_an_end(self):
        daemon = self.live(self.upstream())
        start = "for _ in range(8): threading.Thread(target=ask, daemon=True).start()\n"
        for end in ("ctypes.CDLL(None).exit(0)", "os._exit(0)", "sys.exit(0)", "flags.close(); flags = None; ctypes.CDLL(None).exit(0)"):
            with self.subTest(end):
                self.program(daemon, ("" if "close" in end else start) + end)

    def test_C03_a_library_that_is_closed_stays(self):
        daemon = self.live(self.upstream())
        self.program(daemon, "import _ctypes\nwait(works)\n_ctypes.dlclose(pennon._lib._handle)\nassert works()\n"
                             "time.sleep(0.05)\nassert works()\nflags.close()\n")

    def test_C03_a_thousand_threads_evaluate_at_once(self):
        daemon = self.live(self.upstream())
        self.program(daemon, """
answers, begin = [], threading.Barrier(1000)
def one():
    begin.wait()
    answers.append(works())
threads = [threading.Thread(target=one) for _ in range(1000)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert answers == [True] * 1000
""")

    def test_C03_short_lived_processes_leave_nothing_behind(self):
        daemon = self.live(self.upstream())
        before = open_descriptors(daemon.program.process)
        many = count("PROCESSES", 200)
        self.program(daemon, f"""
for i in range({many}):
    child = os.fork()
    if child == 0:
        if i % 2:
            own = pennon.Client(report_ms=10, timeout_ms=20000)
            good = own.get("a", 0) == 1 and works()
            own.close()
        else:
            good = works()
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0, i
assert works()
""")
        for _ in range(many // 10):
            self.assertIn("1", subprocess.run([BIN / "pennon", "eval", "a", "--socket", daemon.socket], text=True,
                                              capture_output=True, check=True).stdout)
        eventually(lambda: open_descriptors(daemon.program.process) <= before + 2, "the daemon holds nothing of theirs")
        self.assert_serves(daemon)

    def test_C03_a_child_of_a_fork_among_busy_threads_goes_on(self):
        daemon = self.live(self.upstream())
        self.program(daemon, """
for _ in range(4): threading.Thread(target=ask, daemon=True).start()
frames = pennon.Client(mode=1, timeout_ms=20000)
def ask_frames():
    while True: frames.get("a", 0)
threading.Thread(target=ask_frames, daemon=True).start()
for _ in range(50):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if works() and frames.get("a", 0) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
""")

    def test_C04_signals_of_the_program_are_its_own(self):
        daemon = self.live(self.upstream())
        self.program(daemon, f"""
def signals(task):
    lines = open(f"/proc/self/task/{{task}}/status").read().splitlines()
    return [line for line in lines if line.startswith(("SigIgn", "SigCgt"))], [line for line in lines if line.startswith("SigBlk")]
main = str(os.getpid())
before = signals(main)
other = pennon.Client()
wait(lambda: other.way == "mapped")
assert signals(main) == before, "the main thread's are as they were"
full = [one for one in os.listdir("/proc/self/task") if one != main]
for task in full:
    blocked = int(signals(task)[1][0].split()[1], 16)
    assert blocked & 1 << signal.SIGTERM - 1 and blocked & 1 << signal.SIGUSR1 - 1, "a thread of the library takes none"
signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # what a C program has
frames = pennon.Client(mode=1, timeout_ms=20000)
assert frames.get("a", 0) == 1
os.kill({daemon.program.process.pid}, signal.SIGKILL)
for _ in range(20):
    frames.get("a", 0)
    assert works()
    time.sleep(0.005)
""")

    def test_C04_no_descriptors_cost_freshness_and_never_the_program(self):
        upstream = self.upstream()
        daemon = self.live(upstream)
        self.program(daemon, """
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
assert works()
other = pennon.Client(mode=1)
assert other.detail("a", 0)["errorCode"] == "GENERAL" and other.detail("a", 0)["message"]
third = pennon.Client()
assert not third.wait_ready(0.02) and third.get("a", 5) == 5
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
wait(lambda: other.get("a", 0) == 1)
""")

    def test_C04_the_standard_descriptors_may_be_closed(self):
        daemon = self.live(self.upstream())
        self.program(daemon, """
for fd in (0, 1, 2): os.close(fd)
for mode in (0, 1):
    own = pennon.Client(mode=mode)
    wait(lambda: own.get("a", 0) == 1)
    own.close()
os._exit(0)
""")

    @without_sanitizer("what is thrown out of std::call_once, in RE2, leaves it locked", "thread")
    def test_C05_without_memory_calls_give_the_default_and_with_it_all_is_well(self):
        upstream = self.upstream()
        upstream.publish(2, {"a-flag-with-a-name-too-long-for-small-strings": flag(1)})
        daemon = self.live(upstream, revision=2)
        ran = subprocess.run([BIN.parent / "tests" / "e2e" / "scarce_memory", daemon.socket], text=True, capture_output=True,
                             timeout=END_SECONDS)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        ways = {way: (int(alone), int(lasting)) for way, alone, lasting in map(str.split, ran.stdout.splitlines())}
        self.assertEqual(list(ways), ["embedded", "mapped", "frames"])
        for way, allocations in ways.items():
            self.assertGreater(min(allocations), 30, f"{way}: allocations that were failed")

    def test_C06_flags_never_go_back_within_an_epoch(self):
        upstream = self.upstream()
        daemon = self.live(upstream)
        pennon = libpennon.load()
        client = pennon.Client(socket_path=daemon.socket, retry_max_ms=20)
        self.addCleanup(client.close)
        upstream.publish(5, {"a": flag(5)})
        eventually(lambda: (client.way, client.get("a", 0)) == ("mapped", 5), "it has revision 5")
        daemon.program.kill()
        for name in os.listdir(daemon.directory):
            if name.startswith("cache.db"):
                os.unlink(daemon.directory / name)
        upstream.publish(2, {"a": flag(2)})
        daemon.start()
        self.wait_revision(daemon, 2)
        other = pennon.Client(socket_path=daemon.socket)
        self.addCleanup(other.close)
        eventually(lambda: (other.way, other.get("a", 0)) == ("mapped", 2), "another client has what there is")
        self.assertEqual(client.get("a", 0), 5)
        upstream.publish(6, {"a": flag(6)})
        eventually(lambda: client.get("a", 0) == 6, "and it goes on with what is newer")
