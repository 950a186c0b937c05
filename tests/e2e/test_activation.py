"""A daemon that inherits its listening sockets: by name, and restarted under load."""
import fcntl
import http.client
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from frame_client import FrameClient
from harness import BIN, ROOT, EndToEndTest, Progress, UnixHttpConnection, eventually, request
from one_piece import FAILURES, frames_in_one_piece, http_in_one_piece

RESTARTS = int(os.environ.get("PENNON_RESTARTS", "10"))  # under load
EXAMPLE = str(ROOT / "config" / "example-flags.json")


class Activator:
    """Holds listening sockets as systemd does, and starts daemons that inherit them."""

    def __init__(self, directory, arguments=()):
        self.directory, self.arguments = pathlib.Path(directory), list(arguments)
        self.path = str(self.directory / "held.sock")
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(self.path)
        os.chmod(self.path, 0o640)
        self.unix.listen(4096)
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.count = 0

    def start(self, names="unix:http", sockets=None):
        self.count += 1
        descriptors = [one.fileno() for one in sockets or (self.unix, self.tcp)]

        def arrange():
            aside = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in descriptors]
            for i, fd in enumerate(aside):
                os.dup2(fd, 3 + i, inheritable=True)
                os.close(fd)
        command = [BIN / "pennond", "--environment", "production", "--cache-path", "", "--bootstrap-file", EXAMPLE, *self.arguments]
        log = open(self.directory / f"daemon-{self.count}.log", "ab")
        process = subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *command], preexec_fn=arrange, close_fds=False,
                                   stderr=log, stdout=subprocess.DEVNULL,
                                   env={**os.environ, "LISTEN_FDS": str(len(descriptors)), "LISTEN_FDNAMES": names})
        log.close()
        process.log_path = self.directory / f"daemon-{self.count}.log"
        return process

    def unix_connection(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(self.path)
        return connection

    def tcp_connection(self):
        return socket.create_connection(self.tcp.getsockname(), timeout=30)

    def close(self):
        self.unix.close()
        self.tcp.close()


class ActivationTest(EndToEndTest):
    def activator(self, arguments=()):
        activator = Activator(self.folder("held"), arguments)
        self.addCleanup(activator.close)
        return activator

    def running(self, process):
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0, process.log_path.read_text())

    def test_inherited_sockets_are_used_by_name_and_left_as_they_are(self):
        activator = self.activator(["--socket-path", self.directory + "/never", "--socket-mode", "0666", "--admin-address", "127.0.0.1",
                                    "--admin-port", "0"])
        before = os.stat(activator.path)
        process = self.running(activator.start())
        # A connection that was made before the daemon runs is answered as well.
        status, _, body = request(UnixHttpConnection(activator.path), "GET", "/status")
        listeners = {one["name"]: one["address"] for one in json.loads(body)["listeners"]}
        self.assertEqual((listeners["unix"], listeners["http"]), (activator.path, "127.0.0.1:%d" % activator.tcp.getsockname()[1]))
        self.assertEqual(request(http.client.HTTPConnection(*activator.tcp.getsockname()), "GET", "/livez")[0], 200)
        self.assertEqual(request(http.client.HTTPConnection(*listeners["admin"].split(":")), "GET", "/livez")[0], 200)
        self.stop(process)
        after = os.stat(activator.path)
        self.assertEqual((after.st_ino, after.st_mode, after.st_uid), (before.st_ino, before.st_mode, before.st_uid))
        self.assertFalse(os.path.exists(self.directory + "/never"))
        self.assertEqual([name for name in os.listdir(activator.directory) if "lock" in name], [])

    def test_names_that_mean_nothing_or_something_else_are_refused(self):
        activator = self.activator()
        datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(datagrams.close)
        for names, sockets, why in (("unix:web", None, 'names a socket "web"'), ("http:unix", None, "no listening TCP"),
                                    ("unix:unix", (activator.unix, activator.unix), "twice"), ("", (activator.unix,), 'names a socket ""'),
                                    ("unix", (datagrams,), "no listening Unix")):
            process = self.running(activator.start(names, sockets))
            self.assertEqual(process.wait(timeout=60), 78, names)
            self.assertIn(why, process.log_path.read_text())

    def restart_under_load(self, ways):
        """What failed while `ways`, functions of (activator, stop, begun, answered, failed), asked through restarts; each way counts by itself."""
        activator = self.activator()
        process = self.running(activator.start())
        stop, failures, begun, progress = threading.Event(), [], [0], Progress()  # begun: restarts
        answered = [0] * len(ways)
        threads = []
        for place, (way, askers) in enumerate(ways):
            count = lambda place=place: answered.__setitem__(place, answered[place] + 1)
            threads += [threading.Thread(target=way, args=(activator, stop, begun, count, failures.append)) for _ in range(askers)]
        for thread in threads:
            thread.start()
        try:
            for number in range(RESTARTS):
                progress(f"{number} restarts, {sum(answered)} answers, {len(failures)} failures")
                seen = list(answered)
                eventually(lambda: all(now > before + 20 for now, before in zip(answered, seen)),
                           lambda: f"every way is answered: {answered} after {seen}; {failures[:3]}")
                begun[0] += 1
                self.stop(process)
                process = self.running(activator.start())
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        progress.end(f"{RESTARTS} restarts, {sum(answered)} answers, {len(failures)} failures")
        self.stop(process)
        return failures

    def test_restarts_under_load_fail_no_request(self):
        # As docs/protocol.md tells clients: whose connection ends connects and asks once more. That may end as well
        # when the next restart comes before it got to ask; without one it must not.
        def over_frames(activator, stop, begun, answered, failed):
            client = None
            while not stop.is_set():
                for attempt in itertools.count():
                    restarts = begun[0]
                    try:
                        if client is None:
                            client = FrameClient(activator.path, 30)
                            client.hello("production")
                        assert client.evaluate("banner", {})["value"] == "Welcome"
                        answered()
                        break
                    except (OSError, AssertionError) as error:
                        client = client and client.close()
                        if attempt and restarts == begun[0]:
                            failed(("frames", repr(error)))
                            break
            if client:
                client.close()

        def over_http(connect):
            def ask(activator, stop, begun, answered, failed):
                connection = None
                while not stop.is_set():
                    for attempt in itertools.count():
                        restarts = begun[0]
                        try:
                            connection = connection or connect(activator)
                            connection.request("POST", "/evaluate", body='{"flag":"banner"}', headers={"Content-Type": "application/json"})
                            answer = connection.getresponse()
                            assert answer.status == 200 and b"Welcome" in answer.read(), answer.status
                            answered()
                            if answer.will_close:
                                connection = connection.close()
                            break
                        except (OSError, AssertionError, http.client.HTTPException) as error:
                            connection = connection and connection.close()
                            if attempt and restarts == begun[0]:
                                failed(("http", repr(error)))
                                break
                if connection:
                    connection.close()
            return ask
        self.assertEqual(self.restart_under_load([
            (over_frames, 3), (over_http(lambda activator: UnixHttpConnection(activator.path)), 2),
            (over_http(lambda activator: http.client.HTTPConnection(*activator.tcp.getsockname(), timeout=30)), 2)]), [])

    def test_restarts_under_load_fail_no_request_of_a_connection_of_its_own(self):
        # Some ask at once, some as late as a client does that is not given a processor between its two calls.
        def each(ask, connect, seconds):
            def asks(activator, stop, begun, answered, failed):
                while not stop.is_set():
                    try:
                        with connect(activator) as connection:
                            time.sleep(seconds)  # its pace
                            ask(connection)
                        answered()
                    except FAILURES as error:
                        failed((ask.__name__, connect.__name__, f"restart {begun[0]}", repr(error)))
            return asks, 1
        ways = ((frames_in_one_piece, Activator.unix_connection), (http_in_one_piece, Activator.unix_connection),
                (http_in_one_piece, Activator.tcp_connection))
        self.assertEqual(self.restart_under_load([each(*way, seconds) for way in ways for seconds in (0, 0.01)]), [])
