"""A daemon among its service manager, its operators and their mistakes: notifications, watchdog, reloads, the end
under load."""
import collections
import contextlib
import ctypes
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from frame_client import FrameClient, FrameError
from harness import BIN, ROOT, EndToEndTest, eventually, request
from one_piece import FAILURES, frames_in_one_piece, http_in_one_piece

LIBC = ctypes.CDLL(None, use_errno=True)
EXAMPLE = str(ROOT / "config" / "example-flags.json")


class Manager:
    """What a service manager hears."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(60)
        self.heard = []

    def hear(self, word):
        """The next message with a line that begins so."""
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            self.heard.append(lines)
            if any(line.startswith(word) for line in lines):
                return lines

    def forget(self):
        """How many messages have come that nobody has heard."""
        count = 0
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(4096)
            count += 1
        return count

    def close(self):
        self.socket.close()


def trace(request, thread):
    if LIBC.ptrace(request, ctypes.c_long(thread), None, None):
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {thread}")


@contextlib.contextmanager
def stopped_thread(thread):
    """Stops one thread of a child, which knows nothing of it; its others run on."""
    seize, interrupt, detach, wait_for_any_kind = 0x4206, 0x4207, 17, 0x40000000
    try:
        trace(seize, thread)
    except PermissionError as error:
        raise unittest.SkipTest(f"no thread can be stopped here: {error}") from None
    trace(interrupt, thread)
    os.waitpid(thread, wait_for_any_kind)
    try:
        yield
    finally:
        trace(detach, thread)


class LifeTest(EndToEndTest):
    def serve(self, arguments=(), name="daemon", config=None, variables=None):
        arguments = ["--bootstrap-file", EXAMPLE, *arguments]
        if config is not None:
            self.config = self.folder(name) / "pennond.yaml"
            self.config.write_text(config)
            arguments += ["--config", str(self.config)]
        kept = {key: os.environ.get(key) for key in variables or {}}
        os.environ.update(variables or {})
        try:
            return self.start_daemon(arguments=arguments, name=name)
        finally:
            for key, value in kept.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})

    def manager(self, abstract=False):
        manager = Manager("@pennon-test-" + os.path.basename(self.directory) if abstract else self.directory + "/notify")
        self.addCleanup(manager.close)
        return manager

    def log_has(self, daemon, text):
        return eventually(lambda: text in daemon.program.log, lambda: f"{text!r} in {daemon.program.log}")

    def test_the_service_manager_hears_of_every_stage(self):
        for address in (self.directory + "/notify", "@pennon-test-" + os.path.basename(self.directory)):
            manager = Manager(address)
            self.addCleanup(manager.close)
            daemon = self.serve(variables={"NOTIFY_SOCKET": address}, config="log:\n  level: info\n")
            manager.hear("READY=1")
            self.assertIn("serving revision 0 (bootstrap)", manager.hear("STATUS=")[0])
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            daemon.program.process.send_signal(signal.SIGHUP)
            lines = dict(line.split("=") for line in manager.hear("RELOADING=1"))
            self.assertTrue(before <= int(lines["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)
            manager.hear("READY=1")
            self.assertFalse(any(line.startswith("WATCHDOG") for lines in manager.heard for line in lines))
            self.assertEqual(daemon.program.terminate(), 0)
            manager.hear("STOPPING=1")

    def test_a_reload_while_it_stops_does_not_make_the_service_manager_believe_that_it_is_ready(self):
        manager = self.manager()
        daemon = self.serve(variables={"NOTIFY_SOCKET": self.directory + "/notify"}, arguments=["--limits-drain-timeout", "1s"])
        with socket.socket(socket.AF_UNIX) as half:
            half.connect(daemon.socket)
            half.sendall(b"POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
            daemon.program.process.send_signal(signal.SIGTERM)
            manager.hear("STOPPING=1")
            daemon.program.process.send_signal(signal.SIGHUP)
            self.assertEqual(daemon.program.process.wait(timeout=60), 0)
        manager.socket.settimeout(0)
        with self.assertRaises(BlockingIOError):
            manager.hear("READY=1")

    def test_the_service_manager_does_not_hear_that_an_upstream_is_away_whose_set_is_refused(self):
        manager = self.manager()
        file = self.folder("upstream") / "flags.json"
        shutil.copy(EXAMPLE, file)
        self.serve(["--upstream-kind", "file", "--upstream-file", str(file), "--upstream-poll-interval", "100ms"],
                   variables={"NOTIFY_SOCKET": self.directory + "/notify"})
        hear = lambda text: eventually(lambda: text in manager.hear("STATUS=")[0], text)
        hear("(live)")
        file.write_text('{"environment": "production", "flags": {}}')
        hear("(live), a newer set is refused since ")
        file.unlink()
        hear("(live), upstream away since ")

    def test_the_threads_that_answer_come_before_the_one_that_compiles(self):
        pid = self.serve(["--cache-path", ""]).program.process.pid
        nice = lambda thread: os.getpriority(os.PRIO_PROCESS, int(thread))
        own = nice(0)
        eventually(lambda: nice(pid) == min(own + 3, 19), "the main thread has stepped back")
        self.assertEqual({nice(thread) for thread in os.listdir(f"/proc/{pid}/task") if int(thread) != pid}, {own})

    def watched(self, name, arguments=()):
        manager = Manager(f"{self.directory}/notify-{name}")
        self.addCleanup(manager.close)
        return manager, self.serve(arguments, name, variables={"NOTIFY_SOCKET": f"{self.directory}/notify-{name}", "WATCHDOG_USEC": "200000"})

    def test_the_watchdog_is_fed_while_all_threads_run_and_not_while_any_one_that_serves_is_stopped(self):
        manager, daemon = self.watched("watched", ["--workers", "3"])
        clock, _ = self.watched("clock")  # one that says as often what nothing keeps it from

        def is_fed():
            for _ in range(4):  # what was asked before the stop may still be answered
                clock.hear("WATCHDOG=1")
            manager.forget()
            for _ in range(12):
                clock.hear("WATCHDOG=1")
            return manager.forget() > 0
        self.assertTrue(is_fed())
        pid = daemon.program.process.pid
        missed = set()
        for thread in map(int, os.listdir(f"/proc/{pid}/task")):
            with stopped_thread(thread):
                if not is_fed():
                    missed.add(thread)
            manager.hear("WATCHDOG=1")
        self.assertIn(pid, missed)  # the first thread controls
        self.assertEqual(len(missed), 1 + 3, f"{missed} of {os.listdir(f'/proc/{pid}/task')}")

    def test_a_good_configuration_takes_effect_at_sighup_and_a_bad_one_does_not(self):
        token = self.folder("daemon") / "token"
        token.write_text("one\n")
        token.chmod(0o600)
        daemon = self.serve(config="context:\n  fixed: {a: 1}\nlog:\n  level: info\nworkers: 1\n")
        status = lambda headers=None: request(http.client.HTTPConnection(*daemon.http_address(), timeout=30), "GET", "/status", None, headers)[0]
        reload = lambda: daemon.program.process.send_signal(signal.SIGHUP)
        self.assertEqual(status(), 200)
        good = f"context:\n  fixed: {{a: 2}}\nhttp:\n  token_file: {token}\nlog:\n  level: debug\nworkers: 2\n"
        self.config.write_text(good)
        reload()
        self.log_has(daemon, 'event="configuration read again" changes=4')
        for setting, before, after in (("context.fixed", '{"a":1}', '{"a":2}'), ("http.token_file", '""', f'"{token}"'),
                                       ("log.level", '"info"', '"debug"')):
            line, = [line for line in daemon.program.log.splitlines() if f"setting={setting} " in line]
            self.assertIn('event="setting changed"', line)
            self.assertIn(f"before={json.dumps(before)} after={json.dumps(after)}", line)
        self.assertRegex(daemon.program.log, 'level=warn[^\n]*needs a restart" setting=workers in_force=1 file=2')
        self.assertEqual(eventually(lambda: status() != 200 and status(), "the token is asked for"), 401)
        self.assertEqual(status({"Authorization": "Bearer one"}), 200)
        token.write_text("two\n")  # what is in the file, without a change of the settings
        reload()
        eventually(lambda: status({"Authorization": "Bearer two"}) == 200, "the new token is in force")
        self.assertEqual(status({"Authorization": "Bearer one"}), 401)
        for text, why in (("context: [", "pennond.yaml:"), ("nonsense: 1\n", "pennond.yaml:1"), ("workers: many\n", "pennond.yaml:1"),
                                (good.replace("{a: 2}", "{a: [1]}"), "pennond.yaml:2"), (good.replace(str(token), "/nowhere"), "http.token_file"),
                                ("peers:\n  environments: {'user:nobody-of-this-name': x}\n", "peers.environments"), (None, "pennond.yaml")):
            if text is None:
                self.config.unlink()
            else:
                self.config.write_text(text)
            marker = len(re.findall("configuration refused", daemon.program.log))
            reload()
            eventually(lambda: len(re.findall("configuration refused", daemon.program.log)) > marker, "it is refused: " + str(text))
            self.assertIn(why, daemon.program.log.split("configuration refused")[-1])
            self.assertEqual(status({"Authorization": "Bearer two"}), 200)
        self.assertIn(b'pennon_reloads_total{result="refused"} 7', daemon.get("/metrics")[2])
        self.assertIn(b'pennon_reloads_total{result="applied"} 2', daemon.get("/metrics")[2])
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        with self.assertRaises(FrameError):
            client.order("reload")
        self.config.write_text(good.replace("{a: 2}", "{a: 3}"))
        changes = client.order("reload")["changes"]
        self.assertEqual([(one["setting"], one["needsRestart"]) for one in changes], [("context.fixed", False), ("workers", True)])

    def test_a_storm_of_sighups_does_no_harm(self):
        daemon = self.serve(config="log:\n  level: info\n")
        for _ in range(2000):
            daemon.program.process.send_signal(signal.SIGHUP)
        self.log_has(daemon, "configuration read again")
        self.assertEqual(daemon.flag("banner")["value"], "Welcome")
        self.assertLess(daemon.program.log.count("configuration read again"), 200)

    def test_metrics_are_those_of_the_documentation(self):
        text = (ROOT / "docs" / "metrics.md").read_text().split("The store's:")[0]
        documented = dict(re.findall(r"^\| `(pennon_\w+(?:\{\w+\})?)` \| (\w+) \|", text, re.M))
        store = self.start_store()
        daemon = self.start_daemon(store)
        shown = {}
        metrics = daemon.get("/metrics")[2].decode()
        kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", metrics, re.M))
        for name, labels in re.findall(r"^(pennon_\w+)(?:\{([^}]*)\})? ", metrics, re.M):
            label = re.findall(r'(\w+)="', labels)
            self.assertLessEqual(len(label), 1)
            shown[name + (f"{{{label[0]}}}" if label else "")] = kinds[name]
        self.assertEqual(shown, documented)
        for name in kinds:
            self.assertIn(f"# HELP {name} ", metrics)

    def test_the_status_says_since_when(self):
        daemon = self.serve()
        environment = daemon.environment()
        self.assertEqual(environment["state"], "no-upstream")
        self.assertRegex(environment["since"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(daemon.environment()["since"], environment["since"])

    def test_the_units_of_systemd_are_sound(self):
        if shutil.which("systemd-analyze") is None:
            raise unittest.SkipTest("there is no systemd-analyze here")
        units = self.folder("units")
        for name in ("pennond.service", "pennond.socket", "pennon-store.service"):
            text = (ROOT / "systemd" / name).read_text()
            (units / name).write_text(text.replace("/usr/bin/pennon", str(BIN / "pennon")))
        analyze = lambda *arguments: subprocess.run(["systemd-analyze", *arguments], cwd=units, capture_output=True, text=True, timeout=120)
        verified = analyze("verify", "--man=no", "./pennond.service", "./pennond.socket", "./pennon-store.service")
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))
        for unit in ("pennond.service", "pennon-store.service"):
            secure = analyze("security", "--offline=true", "--threshold=15", f"./{unit}")
            self.assertEqual(secure.returncode, 0, secure.stdout)
        if shutil.which("systemd-sysusers"):
            root = self.folder("root")
            for users in (ROOT / "systemd").glob("*.sysusers"):
                made = subprocess.run(["systemd-sysusers", "--dry-run", f"--root={root}", str(users)],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(made.returncode, 0, made.stderr)


class EndTest(EndToEndTest):
    def test_the_end_under_load_answers_all_that_has_arrived(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", EXAMPLE])
        size = 200
        ask = b'POST /evaluate HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n{"flag":"banner"}'
        connections = []
        for _ in range(size):
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(60)
            self.addCleanup(raw.close)
            raw.connect(daemon.socket)
            raw.sendall(ask + b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            connections.append(raw)
        daemon.program.process.send_signal(signal.SIGTERM)
        for raw in connections:
            received = b""
            while piece := raw.recv(65536):
                received += piece
            answers = received.split(b"HTTP/1.1 ")[1:]
            # A server that says it closes answers nothing behind that (RFC 9112, 9.6): the client knows what to ask again.
            expected = 1 if answers and b"\r\nConnection: close\r\n" in answers[0] else 2
            self.assertEqual([one[:6] for one in answers], [b"200 OK"] * expected, received)
            self.assertIn(b'"value":"Welcome"', answers[0])
        self.assertEqual(daemon.program.process.wait(timeout=60), 0)

    def test_the_last_answer_says_that_the_connection_ends(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", EXAMPLE, "--limits-drain-timeout", "50s"])
        connections = []
        for path in ("/livez", "/status", "/metrics"):  # the last two are answered by another thread
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(60)
            self.addCleanup(raw.close)
            raw.connect(daemon.socket)
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n".encode())
            connections.append(raw)
        daemon.program.process.send_signal(signal.SIGTERM)
        eventually(lambda: not os.path.exists(daemon.socket), "it drains")
        for raw in connections:
            with raw:
                raw.sendall(b"\r\n")
                answer = b"".join(iter(lambda: raw.recv(65536), b""))
            self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(daemon.program.process.wait(timeout=60), 0)

    def test_the_end_under_load_answers_whoever_could_connect(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", EXAMPLE])
        stop, failures, answered = threading.Event(), [], collections.Counter()

        def asks(place, ask, seconds):
            while not stop.is_set():
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.settimeout(30)
                    try:
                        connection.connect(daemon.socket)
                    except (FileNotFoundError, ConnectionRefusedError):
                        stop.wait(0.001)
                        continue
                    try:
                        time.sleep(seconds)  # its pace
                        ask(connection)
                        answered[place] += 1
                    except FAILURES as error:
                        failures.append((ask.__name__, repr(error)))
        ways = [(ask, seconds) for ask in (frames_in_one_piece, http_in_one_piece) for seconds in (0, 0.01)]
        threads = [threading.Thread(target=asks, args=(place, *way)) for place, way in enumerate(ways)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                seen = answered.copy()
                eventually(lambda: all(answered[place] > seen[place] + 10 for place in range(len(ways))), "every way is answered")
                self.assertEqual(daemon.program.terminate(), 0)
                daemon.start()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
