"""Rows R06 and R07: a processor that others keep busy, and memory that is nearly gone."""
import ctypes
import http.client
import os
import pathlib
import select
import signal
import subprocess
import threading
import time

from fault_test import *
from memory_group import MemoryGroup
from test_life import Manager

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
WATCHDOG_SECONDS = 10  # the unit's is longer
MIB = 1 << 20
FLAGS = 500


class Watchdog(threading.Thread):
    """The part of a service manager that ends who has not said WATCHDOG=1 for too long; this one only notes it."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.manager, self.is_done, self.fed, self.fired = Manager(address), threading.Event(), 0, 0

    def run(self):
        fed_at = time.monotonic()
        while not self.is_done.is_set():
            late = time.monotonic() - fed_at > WATCHDOG_SECONDS  # before looking: what has come meanwhile counts
            if select.select([self.manager.socket], [], [], 0.05)[0]:
                if b"WATCHDOG=1" in self.manager.socket.recv(4096):
                    fed_at, self.fed = time.monotonic(), self.fed + 1
            elif late:
                fed_at, self.fired = time.monotonic(), self.fired + 1

    def close(self):
        self.is_done.set()
        if self.is_alive():
            self.join()
        self.manager.close()


def busy_loop(processor):
    def arrange():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # it ends with the test, however that ends
        os.sched_setaffinity(0, {processor})
        if os.geteuid() == 0:
            os.setpriority(os.PRIO_PROCESS, 0, -5)
    return subprocess.Popen(["sh", "-c", "while :; do :; done"], preexec_fn=arrange)


def scheduled(process):
    """(nanoseconds on a processor, nanoseconds of waiting for one) of all threads."""
    threads = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
    return [sum(column) for column in zip(*(map(int, (one / "schedstat").read_text().split()[:2]) for one in threads))]


class PressureTest(FaultTest):
    @slow
    def test_R06_on_a_processor_that_32_loops_keep_busy_all_are_answered_and_the_watchdog_is_fed(self):
        processors = os.sched_getaffinity(0)
        processor = min(processors)
        self.addCleanup(os.sched_setaffinity, 0, processors)
        os.sched_setaffinity(0, processors - {processor} or processors)  # only the daemon is starved, where there are others
        upstream = self.upstream()
        watchdog = Watchdog(self.directory + "/notify")
        self.addCleanup(watchdog.close)
        with environment({"NOTIFY_SOCKET": self.directory + "/notify", "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1_000_000)}):
            daemon = self.start_daemon(upstream, POLL, wrap=["taskset", "-c", str(processor)])
        self.wait_revision(daemon, 1)
        process, client, revision = daemon.program.process, self.frames(daemon), 1
        client.hello("production")
        loopback = http.client.HTTPConnection(*daemon.http_address(), timeout=30)
        self.addCleanup(loopback.close)
        watchdog.start()
        failed, fed, (ran, waited) = self.mishaps(daemon), watchdog.fed, scheduled(process)
        loops = []
        try:
            loops += [busy_loop(processor) for _ in range(32)]
            for number in range(count("STARVED", 100)):
                self.assertEqual(client.evaluate("a", {"targetingKey": f"u{number}"})["value"], revision)
                loopback.request("POST", "/evaluate", '{"flag":"a"}', {"Content-Type": "application/json"})
                said = loopback.getresponse()
                self.assertEqual((said.status, json.loads(said.read())["evaluations"]["a"]["value"]), (200, revision))
                if number % 40 == 20:
                    revision += 1
                    upstream.publish(revision, {"a": flag(revision)})
                    eventually(lambda: client.evaluate("a", {})["value"] == revision, "the change is answered")
            eventually(lambda: watchdog.fed >= fed + 3, "the watchdog is fed")
            self.assertEqual([one.poll() for one in loops], [None] * 32)
            now = scheduled(process)
        finally:
            for one in loops:
                one.kill()
                one.wait()
        self.assertGreater(now[1] - waited, 10 * (now[0] - ran))  # it was starved: nearly all of the time it waited for its turn
        self.assertEqual((watchdog.fired, process.poll(), self.mishaps(daemon)), (0, None, failed), daemon.program.log)
        self.assertEqual([one["refused"] for one in daemon.status()["listeners"]], [0, 0])

    def group(self):
        try:
            group = MemoryGroup("pennon-faults")
        except OSError as error:
            self.skipTest(f"there can be no memory control group here: {error}")
        self.addCleanup(lambda: eventually(lambda: self.is_removed(group), "the group is removed"))
        return group

    @staticmethod
    def is_removed(group):
        try:
            group.remove()
            return True
        except OSError:  # what has just ended is still in it
            return False

    @staticmethod
    def is_limited(group, size):
        try:
            group.limit(size)
            return True
        except OSError:  # it has more at the moment
            return False

    @staticmethod
    def weighing(revision, size):
        """{a, f0, …} that together have so many bytes."""
        one = flag(revision)
        return {f"f{number}": {**one, "metadata": {"note": "n" * (size // FLAGS)}} for number in range(FLAGS)} | {"a": one}

    def outcome(self, daemon, revision):
        """"served", and so after a restart, or the exit status of a daemon that has ended."""
        def settled():
            ended = daemon.program.process.poll()
            try:
                return ended or (daemon.environment()["revision"] == revision and revision in self.kept(daemon) and "served")
            except (OSError, http.client.HTTPException, FrameError):  # it ends right now, or still writes
                return ended
        return eventually(settled, "the set is in force, or the daemon has ended")

    def assert_whole(self, daemon, *revisions):
        """All flags are of the same one of these revisions, which is returned."""
        client = self.frames(daemon)
        client.hello("production")
        found = client.batch(["a", *(f"f{number}" for number in range(FLAGS))], {}, metadata=False)
        client.close()
        self.assertIn(found["revision"], revisions)
        self.assertEqual([one.get("value") for one in found["evaluations"]], [found["revision"]] * (1 + FLAGS))
        return found["revision"]

    def unread(self, size):
        """A file that is on the disk alone: who reads it fills memory with what can be let go of again."""
        if subprocess.run(["stat", "-f", "-c", "%T", self.directory], check=True, capture_output=True, text=True).stdout.strip() == "tmpfs":
            self.skipTest(f"{self.directory} is itself memory")
        with open(self.directory + "/file", "wb") as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return file.name

    def lives_on(self, group, daemon, revision, killed):
        """The set comes in force and is answered whole; False when the kernel has ended the daemon instead, to make room."""
        ended = self.outcome(daemon, revision)
        if ended == "served":
            try:
                self.assert_whole(daemon, revision)
                return True
            except OSError:
                ended = daemon.program.process.wait(timeout=60)
        self.assertEqual(ended, -signal.SIGKILL, daemon.program.log[-2000:])
        self.assertGreater(group.killed, killed)
        return False

    def comes_back(self, daemon, upstream, revision):
        """From its cache, while there is no upstream, with the last set that was kept or the one that was being written."""
        upstream.close()
        daemon.start()
        self.assertEqual(daemon.flag("a")["source"], "cache")
        self.assert_whole(daemon, revision - 1, revision)
        upstream.open()

    @slow
    def test_R07_in_a_group_whose_memory_others_fill_the_daemon_answers_and_takes_sets(self):
        group, upstream, file = self.group(), self.upstream(), self.unread(64 * MIB)
        upstream.publish(1, self.weighing(1, MIB // 4))
        daemon = self.start_daemon(upstream, POLL, wrap=group.wrap())
        self.assertEqual(self.outcome(daemon, 1), "served")
        limit = group.leave_room(24 * MIB)
        neighbour = subprocess.Popen([*group.wrap(), "sh", "-c", "while :; do cat $0; done", file], stdout=subprocess.DEVNULL, start_new_session=True)
        lived, swaps = 0, count("SWAPS", 12)
        try:
            for revision in range(2, 2 + swaps):
                met, killed = group.met, group.killed
                eventually(lambda: group.met > met, "the group meets its limit")
                upstream.publish(revision, self.weighing(revision, MIB // 4))
                if self.lives_on(group, daemon, revision, killed):
                    lived += 1
                else:  # the kernel found nothing else to let go of
                    group.limit(None)
                    self.comes_back(daemon, upstream, revision)
                    self.assertEqual(self.outcome(daemon, revision), "served")
                    eventually(lambda: self.is_limited(group, limit), "the neighbour's part is let go of")
        finally:
            os.killpg(neighbour.pid, signal.SIGKILL)
            neighbour.wait()
        self.assertGreater(lived, swaps // 2)

    @slow
    @without_sanitizer("it has memory of its own beside what is asked for")
    def test_R07_a_daemon_that_the_kernel_ends_for_want_of_memory_comes_back_whole_from_its_cache(self):
        group, upstream, revision = self.group(), self.upstream(), 1
        upstream.publish(1, self.weighing(1, MIB))
        daemon = self.start_daemon(upstream, POLL, wrap=group.wrap())
        for _ in range(4):  # three crashes within a minute would make a set the suspect; this is none
            self.assertEqual(self.outcome(daemon, revision), "served")
            group.leave_room(4 * MIB)
            killed, size, lives = group.killed, MIB, True
            while lives and size < 32 * MIB:  # for which there is no room
                revision, size = revision + 1, size * 2
                upstream.publish(revision, self.weighing(revision, size))
                lives = self.lives_on(group, daemon, revision, killed)
            self.assertFalse(lives)
            group.limit(None)
            self.comes_back(daemon, upstream, revision)
            self.wait_revision(daemon, revision)
            revision += 1
            upstream.publish(revision, self.weighing(revision, MIB))
