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

    def cache_ok(self, daemon):
        return daemon.environment()["cache"]["ok"]

    def change(self, upstream, daemon, revision):
        upstream.publish(revision, {"a": flag(revision), "b": flag(revision)})
        self.wait_revision(daemon, revision)
        self.assert_serves(daemon, revision)
