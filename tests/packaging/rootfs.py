"""A fresh Debian in a folder, and commands in it: what a package or an image does on a host of its own.

Needs root, for chroot and its own mounts. The tree is made once with mmdebstrap and unpacked for each test.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASE = ROOT / "build" / "rootfs" / "bookworm.tar"


class CannotRun(Exception):
    """The machine lacks what the test needs; the message says what."""


def base():
    """The archive of a minimal bookworm."""
    if os.geteuid() != 0:
        raise CannotRun("chroot needs root: run it as root")
    if not BASE.exists():
        BASE.parent.mkdir(parents=True, exist_ok=True)
        part = BASE.with_name(f"part-{os.getpid()}-{BASE.name}")
        made = subprocess.run(["mmdebstrap", "--variant=minbase", "--mode=root", "bookworm", part],
                              capture_output=True, text=True)
        if made.returncode != 0:
            part.unlink(missing_ok=True)
            raise CannotRun(f"mmdebstrap makes no rootfs; is a Debian mirror within reach?\n{made.stderr[-2000:]}")
        part.rename(BASE)
    return BASE


class Rootfs:
    """A Debian of its own; close() removes it."""

    def __init__(self):
        archive = base()
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="pennon-rootfs-"))
        subprocess.run(["tar", "-xf", archive, "-C", self.path], check=True)
        shutil.copy("/etc/resolv.conf", self.path / "etc" / "resolv.conf")

    def command(self, *words, user=None, groups=()):
        """The words that run `words` inside, as root or as `user` with `groups` beside its own."""
        inside = ["setpriv", f"--reuid={user}", f"--regid={user}", *((f"--groups={','.join(groups)}",) if groups else ("--clear-groups",))] \
            if user else []
        mounts = f"mount -t proc proc {self.path}/proc && exec chroot {self.path} \"$@\""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, "sh",
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                *inside, *map(str, words)]

    def run(self, *words, check=True, **who):
        done = subprocess.run(self.command(*words, **who), capture_output=True, text=True, timeout=900)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done

    def start(self, *words, **who):
        return subprocess.Popen(self.command(*words, **who), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def file(self, path):
        return self.path / path.lstrip("/")

    def close(self):
        shutil.rmtree(self.path)
