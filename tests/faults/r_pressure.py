"""Row R07: memory that is nearly gone."""
import http.client
import os
import signal
import subprocess

from fault_test import *
from memory_group import MemoryGroup

MIB = 1 << 20
FLAGS = 500


class PressureTest(FaultTest):
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
