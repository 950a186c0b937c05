"""Runs the commands of a page, in order, in a checkout of its own with a store and a daemon.

A block is what its fence says:
  sh             runs; it must succeed
  sh background  is started, and left running until the page ends; the next block waits for the daemon
  output         what the block before prints, line by line; … stands for anything. What has an output only
                 asks, and is asked again until it says so
  console        an example
The ports 8016 and 8017 of the pages are replaced by free ones.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import markdown
from markdown import ROOT

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from harness import free_port  # noqa: E402

BIN = (ROOT / os.environ.get("PENNON_BIN", "build/dev/bin")).resolve()
GIVE_UP_SECONDS = int(os.environ.get("PENNON_GIVE_UP_SECONDS", 60))


class WrongPage(AssertionError):
    pass


class Shell:
    """A bash that is given blocks one after the other, so that variables stay."""

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.count = 0
        self.process = subprocess.Popen(["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, text=True,
                                        start_new_session=True)

    def run(self, text):
        """(exit code of the first command that fails or 0, what was printed)."""
        self.count += 1
        output, done = self.folder / f".output-{self.count}", self.folder / f".done-{self.count}"
        script = self.folder / f".block-{self.count}"
        script.write_text(text)
        self.process.stdin.write(f"failed=0; trap 'failed=$?' ERR; . {script} >{output} 2>&1 </dev/null; "
                                 f"trap - ERR; echo $failed >{done}.new; mv {done}.new {done}\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while not done.exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                return 124, output.read_text() + "\n(the block does not end)"
            time.sleep(0.01)
        return int(done.read_text()), output.read_text()

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.stdin.close()
        self.process.wait()


def says(output, wanted):
    """Whether the lines that are wanted are in the output, in this order."""
    lines = iter(output.splitlines())
    for line in wanted.splitlines():
        pattern = ".*".join(re.escape(part.strip()) for part in re.split("…", re.sub(r"\s+", " ", line.strip())))
        if not any(re.fullmatch(pattern, re.sub(r"\s+", " ", one.strip())) for one in lines):
            return False
    return True


class Checkout:
    """A folder that looks like a clone in which ./run has built, with ports of its own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pennon-docs-"))
        for entry in ROOT.iterdir():
            if entry.name not in ("build", "var", ".git"):
                (self.folder / entry.name).symlink_to(entry)
        for preset in ("dev", "release"):
            (self.folder / "build" / preset).mkdir(parents=True)
            (self.folder / "build" / preset / "bin").symlink_to(BIN)
        self.ports = {"8016": str(free_port()), "8017": str(free_port())}
        self.environment = {**os.environ, "RUN_BIN": str(BIN), "RUN_HTTP_PORT": self.ports["8016"],
                            "RUN_STORE_PORT": self.ports["8017"], "HOME": str(self.folder),
                            "XDG_CONFIG_HOME": str(self.folder / ".config"), "PENNOND_HTTP_PORT": self.ports["8016"]}
        self.started = []

    def ported(self, text):
        return re.sub(r"\b801[67]\b", lambda port: self.ports[port[0]], text)

    def start(self, text, environment):
        log = open(self.folder / f".background-{len(self.started)}", "w")
        self.started.append(subprocess.Popen(["bash", "-c", self.ported(text)], cwd=self.folder, env=environment,
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))
        log.close()
        socket = self.folder / "var/pennon.sock"
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while subprocess.run([BIN / "pennon", "--socket", socket, "ready"], capture_output=True).returncode:
            if time.monotonic() > deadline or self.started[-1].poll() is not None:
                raise WrongPage(f"{text}: the daemon does not come up\n" + pathlib.Path(log.name).read_text())
            time.sleep(0.05)

    def logged(self):
        logs = sorted(self.folder.glob("var/*.log"))
        return "".join(f"{log.name}: {line}\n" for log in logs for line in log.read_text().splitlines()[-5:])

    def close(self):
        for process in self.started:
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
            process.wait(GIVE_UP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def follow(page):
    """Runs the page. Raises WrongPage with line, command and output at the first thing that is not so."""
    blocks = markdown.blocks(page)
    running = [block for block in blocks if block.info[:1] == ["sh"]]
    if not running:
        return 0
    checkout = Checkout()
    shell = None
    try:
        if ["sh", "background"] not in [block.info for block in blocks]:
            checkout.start("./run", checkout.environment)
            checkout.environment.update(PENNON_SOCKET="var/pennon.sock",
                                        PATH=f"{checkout.folder}/build/release/bin:{os.environ['PATH']}")
        shell = Shell(checkout.folder, checkout.environment)
        for index, block in enumerate(blocks):
            if block.info == ["sh", "background"]:
                checkout.start(block.text, checkout.environment)
            elif block.info[:1] == ["sh"]:
                following = blocks[index + 1] if index + 1 < len(blocks) else None
                wanted = following.text if following and following.info == ["output"] else None
                attempt(shell, checkout, page, block, wanted)
    finally:
        if shell:
            shell.close()
        checkout.close()
    return len(running)


def attempt(shell, checkout, page, block, wanted):
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while True:
        code, output = shell.run(checkout.ported(block.text))
        if code == 0 and (wanted is None or says(output, checkout.ported(wanted))):
            return
        if wanted is None or time.monotonic() > deadline:
            want = f"\nwanted:\n{wanted}" if wanted else ""
            raise WrongPage(f"{page}:{block.line}: exit code {code}\n{block.text}\nprinted:\n{output}{want}"
                            f"\nlogged:\n{checkout.logged()}")
        time.sleep(0.1)
