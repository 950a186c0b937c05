"""Runs an image with podman, as a cluster would: read-only, without capabilities, not as root."""
import subprocess

# In a container, or in a virtual machine with both hierarchies of cgroups, crun refuses the mixed ones and
# limits cannot be raised: none are asked for.
PODMAN = ["unshare", "--mount", "sh", "-c", 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec podman "$@"', "podman",
          "--cgroup-manager", "cgroupfs"]
CONFINED = ["--cgroups=disabled", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "host",
            "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges"]


def podman(*arguments, check=True):
    return subprocess.run([*PODMAN, *arguments], check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Container:
    """A container that runs in the background until Stop."""

    def __init__(self, image, name, *arguments, options=()):
        self.name = name
        podman("rm", "--force", "--ignore", name)
        podman("run", "--detach", "--name", name, *CONFINED, *options, image, *arguments)

    def run(self, *command):
        """A command inside it: exit code and output."""
        done = podman("exec", self.name, *command, check=False)
        return done.returncode, done.stdout + done.stderr

    def logs(self):
        done = podman("logs", self.name, check=False)
        return done.stdout + done.stderr

    def stop(self):
        """Stops it as a cluster does; the exit code."""
        podman("stop", "--time", "10", self.name)
        code = int(podman("inspect", "--format", "{{.State.ExitCode}}", self.name).stdout)
        podman("rm", "--force", self.name)
        return code
