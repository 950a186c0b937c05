"""Row P24: a cache on a file system that is memory, and one that is really full."""
import subprocess
import tempfile

from persistence_test import *

EVENT = "cache lies where it may be lost"
KILOBYTES = 512  # of a file system of its own


class PlaceTest(PersistenceTest):
    def test_P24_a_cache_in_memory_is_warned_of_and_kept_over_a_restart_all_the_same(self):
        folder = tempfile.mkdtemp(prefix="pennon-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, folder)
        upstream = self.upstream()
        daemon = self.live(upstream, [*POLL, "--cache-path", folder + "/cache.db"])
        self.wait_kept(daemon, 1)
        [told] = [text for text in daemon.program.log.splitlines() if EVENT in text]
        self.assertIn("file_system=tmpfs", told)
        upstream.close()
        found = self.again(daemon)
        self.assertEqual((found["source"], found["revision"], found["cache"]["ok"]), ("cache", 1, True))

    def test_P24_a_file_system_that_is_really_full_costs_only_persistence_until_there_is_room(self):
        place = self.folder("full")
        wrap = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
                "sh", "-ec", f'mount -t tmpfs -o size={KILOBYTES}k tmpfs {place}; exec "$@"', "sh"]
        if subprocess.run([*wrap, "true"], capture_output=True).returncode:
            self.skipTest("no file system can be mounted here")
        upstream = self.upstream()
        daemon = self.start_daemon(upstream, [*POLL, "--cache-path", str(place / "cache.db")], wrap=wrap)
        self.wait_revision(daemon, 1)
        self.wait_kept(daemon, 1)
        large = {f"f{i}": {**flag(i), "description": "x" * KILOBYTES * 100} for i in range(12)}
        upstream.publish(2, {"a": flag(2), **large})
        self.wait_revision(daemon, 2)
        eventually(lambda: not self.cache_ok(daemon), "the cache is not well")
        self.assertRegex(daemon.environment()["cache"]["error"], "full")
        self.assertEqual([daemon.flag(key)["value"] for key in ("a", "f7")], [2, 7])
        upstream.publish(3, {"a": flag(3), **{key: flag(7) for key in large}})
        self.wait_revision(daemon, 3)
        eventually(lambda: self.cache_ok(daemon), lambda: f"it is well again: {daemon.environment()['cache']}")
        self.wait_kept(daemon, 3)
