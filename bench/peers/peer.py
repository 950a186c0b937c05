"""What a peer is: a program that can be installed, a format for the flags, and how it is asked."""
import json
import os
import re
import shutil
import subprocess


class Peer:
    """A subclass a peer. `can` names the workloads: single, bulk, unix, cold. `variable` names its program when it is
    not on PATH."""

    name = ""
    programs = ()  # names on PATH
    variable = ""
    install = ""
    can = frozenset()
    headers = {}
    note = ""
    file = "flags.json"  # that the program begins with

    def __init__(self):
        self.program = self.find()

    def find(self):
        named = os.environ.get(self.variable, "")
        if named:
            return named if os.access(named, os.X_OK) else None
        return next(filter(None, map(shutil.which, self.programs)), None)

    def absence(self):
        """Why it is not measured; empty when it is."""
        if self.program:
            return ""
        named = os.environ.get(self.variable, "")
        return f"{self.variable} names no program: {named}" if named else f"not on PATH, and {self.variable} is not set"

    def version(self):
        return ""

    @staticmethod
    def document(flags):
        """The flags in the program's own format."""
        raise NotImplementedError

    def write(self, directory, flags):
        (directory / self.file).write_text(json.dumps(self.document(flags)))

    def command(self, directory, port, socket):
        """Listens on loopback `port`, or on the Unix socket when that is given."""
        raise NotImplementedError

    def environment(self):
        return {}

    def end(self):
        """Stops what the program needed beside itself."""

    def single(self, flag, context):
        """Path and body of a POST."""
        return f"/ofrep/v1/evaluate/flags/{flag.key}", {"context": context}

    def single_answer(self, body):
        return body["value"] is True

    def bulk(self, context):
        return "/ofrep/v1/evaluate/flags", {"context": context}

    def bulk_answer(self, body):
        """Keys of the flags that are on."""
        return {flag["key"] for flag in body["flags"] if flag["value"] is True}

    def prepare_cold(self, directory, flags):
        """Leaves in the folder what a start without the upstream can use. Raises Unable when it cannot."""
        raise NotImplementedError

    def cold_command(self, directory, port):
        raise NotImplementedError


class Unable(Exception):
    """The peer cannot do what a workload asks for; says why."""


def version_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout + done.stderr).strip().split("\n")[0]


def built_from(program, module):
    """The module's version, as the Go compiler has put it into the program."""
    found = subprocess.run(["go", "version", "-m", program], capture_output=True, text=True, check=False).stdout \
        if shutil.which("go") else ""
    built = re.search(rf"{re.escape(module)}\t(v\S+)", found)
    return built[1] if built else "of unknown version"
