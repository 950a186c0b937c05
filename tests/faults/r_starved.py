"""Row R06: a processor that others keep busy."""
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
from test_life import Manager

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
WATCHDOG_SECONDS = 10  # the unit's is longer


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


class StarvedTest(FaultTest):
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
