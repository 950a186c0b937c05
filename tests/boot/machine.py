"""A virtual machine that boots a disk with systemd, and runs what it is told over a serial line."""
import base64
import os
import pathlib
import socket
import subprocess
import time

# Emulated, on a machine that is doing other things: a boot takes one minute, seldom three.
BOOT_SECONDS = 600
COMMAND_SECONDS = 180


class Machine:
    """`disk` is changed. `folder` gets console.log, what the kernel and systemd have said."""

    def __init__(self, disk, kernel, initrd, folder):
        self.console = pathlib.Path(folder) / "console.log"
        path = str(pathlib.Path(folder) / "agent.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(30)
            self.process = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", os.environ.get("BOOT_ACCEL", "tcg"), "-cpu", "max", "-smp", "2", "-m", "1024",
                 "-display", "none", "-nic", "none", "-kernel", str(kernel), "-initrd", str(initrd),
                 "-append", "root=/dev/vda rw console=ttyS0 systemd.show_status=1",
                 "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe", "-serial", f"file:{self.console}",
                 "-serial", f"unix:{path}"], stdin=subprocess.DEVNULL)
            self.line, _ = listener.accept()
        self.received = b""
        self.wait_until_up()

    def wait_until_up(self):
        while self._next_line(BOOT_SECONDS) != b"up":
            pass

    def run(self, script):
        """A script for bash, as root: exit code and everything it printed."""
        self.line.sendall(base64.b64encode(script.encode()) + b"\n")
        code, _, output = self._next_line(COMMAND_SECONDS, script).partition(b" ")
        return int(code), base64.b64decode(output).decode(errors="replace")

    def reboot(self):
        self.line.sendall(base64.b64encode(b"systemctl reboot --no-block") + b"\n")
        self.wait_until_up()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.line.close()

    def _next_line(self, seconds, script="the boot"):
        deadline = time.monotonic() + seconds
        while b"\n" not in self.received:
            self.line.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                piece = self.line.recv(65536)
            except TimeoutError:
                piece = b""
            if not piece:
                raise AssertionError(f"no answer within {seconds} s to: {script}\n{self.console_end()}")
            self.received += piece
        line, _, self.received = self.received.partition(b"\n")
        return line.strip()

    def console_end(self):
        lines = self.console.read_text(errors="replace").splitlines()
        return f"the end of {self.console}:\n" + "\n".join(lines[-30:])
