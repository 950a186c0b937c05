"""What rows P have in common: a daemon whose cache is tampered with. Each costs persistence, never an answer."""
from fault_test import *


class PersistenceTest(FaultTest):
    def shimmed(self, upstream, calls, arguments=(), name="daemon", wait=True):
        with environment(calls.environment):
            daemon = self.start_daemon(upstream, [*POLL, *arguments], name)
        if wait:
            self.wait_revision(daemon, 1)
        return daemon

    def again(self, daemon, calls=None):
        """The same daemon once more, without a fault and, as `close` was called before, without its upstream."""
        if calls is not None:
            calls.stop()
        daemon.program.kill()
        daemon.start()
        return daemon.environment()

    def put_back(self, files):
        """The cache's files are these, {path: bytes}, and no others are there."""
        for path in next(iter(files)).parent.glob("cache.db*"):
            path.unlink()
        for path, content in files.items():
            path.write_bytes(content)

    def assert_all_there(self, daemon, calls, after):
        """The next start, without a fault, has the revision 3 that the cache had."""
        found = self.again(daemon, calls)
        self.assertEqual((found["source"], found["revision"], daemon.flag("a", default=0)["value"]), ("cache", 3, 3), (after, found))
        self.assertFalse(os.path.exists(daemon.cache + ".aside"))

    def cache_ok(self, daemon):
        return daemon.environment()["cache"]["ok"]

    def change(self, upstream, daemon, revision):
        upstream.publish(revision, {"a": flag(revision), "b": flag(revision)})
        self.wait_revision(daemon, revision)
        self.assert_serves(daemon, revision)
