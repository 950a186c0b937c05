"""Row L18: whoever has a process's number after it ended gets nothing of what that process was allowed.

A process connects while the daemon stands still, hands on its connections and ends. Then another user's process takes its
number, and only then the daemon gets to accept: whatever it looked up by number, it would look up of the other.
"""
import json
import os
import pathlib
import signal
import socket

from fault_test import *

LAST_PID = pathlib.Path("/proc/sys/kernel/ns_last_pid")  # the next process gets the number after it
MEMBER, OUTSIDER = (65534, [4242]), (12345, [])  # uid and gid, and further groups
CLOSED = dict.fromkeys(("frames", "order", "http"), "closed")
SERVED = {"frames": "Welcome", "order": 4, "http": 200}
OPERATOR = SERVED | {"order": "pennond"}


class KeptConnection(UnixHttpConnection):
    """HTTP over a connection that somebody else has made."""

    def __init__(self, connection):
        super().__init__("")
        self.kept = connection

    def connect(self):
        self.sock = self.kept


def frames(connection):
    client = FrameClient.__new__(FrameClient)
    client.socket, client.id = connection, 0
    return client


def answers(descriptors):
    """What each of three connections is answered: a value, an error's code, or "closed"."""
    connections = [socket.socket(fileno=one) for one in descriptors]
    for one in connections:
        one.settimeout(30)

    def evaluate():
        client = frames(connections[0])
        client.hello("production")
        return client.evaluate("banner", {})["value"]

    def attempt(ask):
        try:
            return ask()
        except FrameError as error:
            return error.args[0]
        except OSError:
            return "closed"
    return {"frames": attempt(evaluate), "order": attempt(lambda: frames(connections[1]).order("status")["program"]),
            "http": attempt(lambda: request(KeptConnection(connections[2]), "POST", "/evaluate", {})[0])}


def process_of(person, act):
    """A process of that user that does this with its end of a pair of sockets, and ends: (its number, our end)."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        try:
            ours.close()
            os.setgroups(person[1])
            os.setgid(person[0])
            os.setuid(person[0])
            act(theirs)
        finally:
            os._exit(0)
    theirs.close()
    return child, ours


class PeerTest(FaultTest):
    def test_L18_a_connection_is_of_who_made_it_when_another_has_the_process_number(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be other users")
        try:
            LAST_PID.write_text(LAST_PID.read_text())
        except OSError as error:
            self.skipTest(f"no process can be given a number here: {error}")
        os.chmod(self.directory, 0o755)
        for rules, of_member, of_outsider in (("{environments: {'uid:65534': production}}", SERVED, CLOSED),
                                              ("{environments: {'gid:4242': production}}", SERVED, CLOSED),
                                              ("{environments: {'*': production}, admin_group: 4242}", OPERATOR, SERVED),
                                              ("{environments: {'uid:1': production}, admin_group: 4242}",
                                               {"frames": 4, "order": "pennond", "http": 403}, CLOSED)):
            with self.subTest(rules):
                config = self.folder("daemon") / "pennond.yaml"
                config.write_text(f"peers: {rules}\nsocket: {{mode: '0666'}}\n")
                daemon = self.bootstrapped(["--config", str(config)])
                try:
                    for first, then, expected, of_others in ((MEMBER, OUTSIDER, of_member, of_outsider), (OUTSIDER, MEMBER, of_outsider, of_member)):
                        self.assertEqual(self.after_rebirth(daemon, first, then), expected)
                        self.assertEqual(self.after_rebirth(daemon, then, then), of_others)  # the rules do tell them apart
                finally:
                    daemon.program.end()

    def after_rebirth(self, daemon, first, then):
        return eventually(lambda: self.answered(daemon, first, then), "a process has another's number")

    def answered(self, daemon, first, then):
        """What `then` is answered on connections of `first`, whose number it has; None when somebody else was quicker to get it."""
        process = daemon.program.process
        process.send_signal(signal.SIGSTOP)
        try:
            eventually(lambda: self.stands_still(process), "it stands still")
            number, descriptors = self.left_by(daemon, first)
            try:
                child, ours = self.reborn(number, then, lambda theirs: theirs.sendall(b"!") or theirs.sendall(json.dumps(answers(descriptors)).encode()))
            finally:
                for one in descriptors:
                    os.close(one)
            if child is None:
                return None
            with ours:
                self.assertEqual(ours.recv(1), b"!")
                self.assertEqual(os.stat(f"/proc/{number}").st_uid, then[0])  # who would be found by number now
                process.send_signal(signal.SIGCONT)
                with ours.makefile() as said:
                    text = said.read()
            os.waitpid(child, 0)
            return json.loads(text)
        finally:
            process.send_signal(signal.SIGCONT)

    @staticmethod
    def stands_still(process):
        threads = pathlib.Path(f"/proc/{process.pid}/task").iterdir()
        return all((one / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for one in threads)

    @staticmethod
    def left_by(daemon, person):
        """(number, descriptors) of a process that has connected three times, and ended."""
        def connect(theirs):
            connections = [socket.socket(socket.AF_UNIX) for _ in range(3)]
            for one in connections:
                one.connect(daemon.socket)
            socket.send_fds(theirs, [b"x"], [one.fileno() for one in connections])
        number, ours = process_of(person, connect)
        with ours:
            descriptors = socket.recv_fds(ours, 1, 3)[1]
        os.waitpid(number, 0)
        return number, descriptors

    @staticmethod
    def reborn(number, person, act):
        """A process of that number: (number, our end), or (None, None)."""
        for _ in range(20):  # others start processes as well
            LAST_PID.write_text(str(number - 1))
            child, ours = process_of(person, lambda theirs: os.getpid() == number and act(theirs))
            if child == number:
                return child, ours
            ours.close()
            os.waitpid(child, 0)
        return None, None
