"""Rows R of memory that is not there, R03 at each allocation of a sync, of a start from the cache and of requests.

An allocation fails alone, or with two others: what the daemon keeps in reserve is not enough then. It answers, or
refuses, and goes on; or it ends by itself with one line, and what starts after it has the old set or the new one.
"""
import collections
import errno
import functools
import gzip
import http.client
import json
import pathlib

from failing_calls import THREAD, FailingAllocations
from persistence_test import *

FLAGS = 40
RESERVED, BEYOND = 1, 3  # allocations that fail in a row


class MemoryTest(PersistenceTest):
    def scarce(self):
        if not FailingAllocations.library.exists():
            self.skipTest(f"{FailingAllocations.library} is not built")
        return FailingAllocations(self.directory, "cache.db")

    @staticmethod
    def places(step):
        """k = 1, … (or PENNON_FAULTS_FIRST_ALLOCATION): each n-th with PENNON_FAULTS_ALL_ALLOCATIONS=n, else some, in growing steps."""
        k = count("FIRST_ALLOCATION", 1)
        while True:
            yield k
            k += count("ALL_ALLOCATIONS", 0) or max(step, k // 4)

    def flags(self, revision):
        return {"a": flag(revision)} | {f"f{number}": flag(revision) for number in range(FLAGS)}

    def again_if_ended(self, server, scarce):
        """True when the process has ended, in the way that it may; it was started anew."""
        if server.program.process.poll() is None:
            return False
        self.assertEqual(server.program.process.returncode, 1, server.program.log[-3000:])
        last = "\n".join(server.program.log.splitlines()[-3:])  # other threads may have said something meanwhile
        self.assertRegex(last, "pennon[a-z-]+: out of memory|temporarily unavailable")  # the latter of a thread
        self.start(server, scarce)
        return True

    @staticmethod
    def start(server, scarce):
        scarce.stop()
        with environment(scarce.environment):
            server.start()

    def assert_whole(self, daemon, revisions):
        answered = daemon.evaluate({"context": {}})
        self.assertIn(answered["revision"], revisions, daemon.program.log[-3000:])
        self.assertEqual({one["value"] for one in answered["evaluations"].values()}, {answered["revision"]})
        self.assertEqual(len(answered["evaluations"]), FLAGS + 1)

    @without_sanitizer("it needs an address space of its own")
    def test_R04_a_set_for_which_there_is_no_memory_is_refused_and_the_old_one_serves(self):
        upstream = self.upstream()
        upstream.publish(1, self.flags(1))
        daemon = self.live(upstream, POLL)
        self.wait_kept(daemon, 1)
        large = {f"f{number}": {**flag(2), "metadata": {"note": "n" * 2000}} for number in range(count("FLAGS", 10_000))}
        upstream.publish(2, large)
        for room in (4, 8, 16, 32, 48, 64):  # MiB: for a part of the body, for all of it, for a part of what is made of it
            with self.subTest(room):
                process = daemon.program.process
                size = int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[0]) * resource.getpagesize()
                limit(process, resource.RLIMIT_AS, size + (room << 20))
                before = self.mishaps(daemon)
                eventually(lambda: self.mishaps(daemon) >= before + 2 or daemon.environment()["revision"] == 2, daemon.environment)
                if daemon.environment()["revision"] == 2:
                    self.assertGreater(room, 8)
                    break
                self.assertRegex(daemon.environment()["lastError"], "memory")
                self.assert_whole(daemon, (1,))
                limit(process, resource.RLIMIT_AS, resource.RLIM_INFINITY)
        limit(process, resource.RLIMIT_AS, resource.RLIM_INFINITY)
        self.wait_revision(daemon, 2)
        self.assertEqual(daemon.flag("f7")["value"], 2)

    def test_R05_a_thread_that_cannot_be_started_ends_the_start_with_a_line(self):
        calls = self.failing_calls()
        for k in range(1, 20):
            calls.fail(THREAD, errno.EAGAIN, first=k, times=1)
            daemon = None
            with environment(calls.environment):
                daemon = self.start_daemon(name=f"d{k}", wait=False)
            eventually(lambda: daemon.program.process.poll() is not None or self.answers(daemon), "it answers, or ends")
            if not calls.failed:
                calls.stop()
                return self.assertGreater(k, 3)
            if daemon.program.process.poll() is not None:
                self.assertEqual(daemon.program.process.returncode, 1, daemon.program.log)
                self.assertIn("pennond: failed: ", daemon.program.log)
                daemon.program.process.returncode = 0  # as it was meant to
        self.fail("it never ends")

    @without_sanitizer("it has allocations of its own")
    def test_R03_no_allocation_of_a_sync_that_fails_costs_the_set_or_an_answer(self):
        scarce, upstream = self.scarce(), self.upstream()
        revision = 1
        upstream.publish(revision, self.flags(revision))
        with environment(scarce.environment):
            daemon = self.live(upstream, POLL)
        self.wait_kept(daemon, revision)
        ended = tried = 0
        for times in (RESERVED, BEYOND):
            for k in self.places(40):
                scarce.fail_allocations(k, times)
                revision += 1
                upstream.publish(revision, self.flags(revision))
                eventually(lambda: self.synced(daemon, revision), lambda: daemon.program.log[-3000:])
                failed = scarce.failed
                scarce.stop()
                whole = functools.partial(self.assert_whole, revisions=(revision - 1, revision))
                ended += eventually(lambda: self.has_recovered(daemon, scarce, whole), "it answers") == "anew"
                self.wait_revision(daemon, revision)
                self.assert_whole(daemon, (revision,))
                self.wait_kept(daemon, revision)
                tried += 1
                if not failed:
                    break
        print(f"    {tried} allocations failed in a sync; it was ended by {ended}", flush=True)

    def synced(self, daemon, revision):
        """True when it is, or the daemon has ended; else it is not known yet."""
        try:
            environment_ = daemon.environment() if daemon.is_up() else {}
            is_synced = environment_.get("revision") == revision and environment_["cache"]["ok"]
            return is_synced and revision in self.kept(daemon)
        except (AssertionError, OSError, ValueError, EOFError, FrameError):
            return daemon.program.process.poll() is not None

    @without_sanitizer("it has allocations of its own")
    def test_R03_no_allocation_of_a_start_that_fails_costs_the_cache(self):
        scarce, upstream = self.scarce(), self.upstream()
        upstream.publish(1, self.flags(1))
        daemon = self.live(upstream, POLL)
        self.wait_kept(daemon, 1)
        daemon.program.kill()
        upstream.close()
        files = {path: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        ended = tried = 0
        for times in (RESERVED, BEYOND):
            for k in self.places(40):
                for path in pathlib.Path(daemon.cache).parent.glob("cache.db*"):
                    path.unlink()
                for path, content in files.items():
                    path.write_bytes(content)
                scarce.fail_allocations(k, times, from_open=True)
                with environment(scarce.environment):
                    daemon.start(wait=False)
                eventually(lambda: daemon.program.process.poll() is not None or self.answers(daemon), "it answers, or ends")
                value = self.value(daemon)
                failed = scarce.failed
                if self.again_if_ended(daemon, scarce):
                    ended += 1
                else:
                    self.assertIn(value, (0, 1))
                    scarce.stop()
                    daemon.program.kill()
                    daemon.start()
                self.assert_whole(daemon, (1,))
                self.assertNotIn("damage", daemon.environment()["cache"])
                daemon.program.kill()
                tried += 1
                if not failed:
                    break
        print(f"    {tried} allocations failed in a start; it was ended by {ended}", flush=True)

    @staticmethod
    def answers(daemon):
        try:
            return daemon.get("/livez")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    @staticmethod
    def value(daemon):
        """Of a flag; none when the process has ended, or ends meanwhile."""
        try:
            return daemon.flag("a", default=0)["value"]
        except (OSError, http.client.HTTPException):
            eventually(lambda: daemon.program.process.poll() is not None, "it ends")
            return None

    @without_sanitizer("it has allocations of its own")
    def test_R03_no_allocation_of_a_request_that_fails_gives_a_wrong_answer(self):
        scarce = self.scarce()
        with environment(scarce.environment):
            daemon = self.bootstrapped()
        ended = tried = 0
        for name, ask in self.requests().items():
            for times in (RESERVED, BEYOND):
                for k in self.places(8):
                    scarce.fail_allocations(k, times)
                    try:
                        ask(daemon)
                    except (OSError, ValueError, EOFError, FrameError, http.client.HTTPException):
                        pass  # refused, or the connection was given up
                    failed = scarce.failed
                    scarce.stop()
                    ended += eventually(lambda: self.has_recovered(daemon, scarce, ask), name) == "anew"
                    tried += 1
                    if not failed:
                        break
        print(f"    {tried} allocations failed in requests; it was ended by {ended}", flush=True)

    @without_sanitizer("it has allocations of its own")
    def test_R03_no_allocation_of_a_change_that_fails_costs_the_store_one_that_it_acknowledged(self):
        scarce, store = self.scarce(), self.start_store()
        self.assertEqual(self.describe(store, 0), 200)
        store.program.kill()
        self.start(store, scarce)
        acknowledged = ended = tried = 0
        for times in (RESERVED, BEYOND):
            for k in self.places(40):
                tried += 1
                scarce.fail_allocations(k, times)
                try:
                    status = self.describe(store, tried)
                    self.assertIn(status, (200, 500, 503))  # no fault of the caller's
                    if status == 200:
                        acknowledged = tried
                except (OSError, http.client.HTTPException):
                    pass  # whether it was made is not known
                failed = scarce.failed
                scarce.stop()
                ended += eventually(lambda: self.store_has_recovered(store, scarce), lambda: store.program.log[-3000:]) == "anew"
                self.assertIn(self.described(store), (acknowledged, tried))
                self.assertEqual(self.describe(store, tried), 200, store.program.log[-3000:])
                acknowledged = tried
                if not failed:
                    break
        store.program.kill()
        store.start()
        self.assertEqual(self.described(store), acknowledged)
        print(f"    {tried} allocations failed in changes; the store was ended by {ended}", flush=True)

    @without_sanitizer("it has allocations of its own")
    def test_R03_no_allocation_of_a_fetch_that_fails_gives_a_daemon_less_than_the_set(self):
        scarce, store = self.scarce(), self.start_store()
        flags = {f"f{number}": flag(number) for number in range(1000)}  # too many for a worker to write down by itself
        self.assertEqual(store.api("POST", "/environments/production/import", {"environment": "production", "flags": flags})[0], 200)
        store.program.kill()
        self.start(store, scarce)
        tried, outcomes = 0, collections.Counter()
        for times in (RESERVED, BEYOND):
            for k in self.places(4):
                tried += 1
                self.assertEqual(self.describe(store, tried), 200)  # all is made anew
                scarce.fail_allocations(k, times)
                try:
                    status = self.fetch(store, flags)
                    self.assertIn(status, (200, 503))
                    outcomes[status] += 1
                except (OSError, http.client.HTTPException):
                    pass  # the connection was given up
                failed = scarce.failed
                scarce.stop()
                outcomes[eventually(lambda: self.store_has_recovered(store, scarce), lambda: store.program.log[-3000:])] += 1
                self.assertEqual(self.fetch(store, flags), 200)
                if not failed:
                    break
        self.assertGreater(outcomes[503], 0)
        print(f"    {tried} allocations failed in fetches: {dict(outcomes)}", flush=True)

    def fetch(self, store, flags):
        """The status; with 200 it is all of them."""
        key = pathlib.Path(store.key_file).read_text().strip()
        status, _, body = request(store.connection(), "GET", "/sync/v1/flagset", headers={"Authorization": "Bearer " + key, "Accept-Encoding": "gzip"})
        if status == 200:
            keys = {json.loads(line)["key"] for line in gzip.decompress(body).splitlines()[1:]}
            self.assertLessEqual(flags.keys(), keys)
        return status

    @staticmethod
    def describe(store, number):
        return store.api("PATCH", "/flags/banner", {"description": str(number)})[0]

    @staticmethod
    def described(store):
        return int(store.api("GET", "/flags/banner")[1]["description"])

    def store_has_recovered(self, store, scarce):
        is_new = self.again_if_ended(store, scarce)
        return store.is_up() and ("anew" if is_new else "by itself")

    def has_recovered(self, daemon, scarce, ask):
        """How it came to answer again, once it does: its end may be on its way still."""
        is_new = self.again_if_ended(daemon, scarce)
        try:
            ask(daemon)
        except (OSError, http.client.HTTPException):
            return None
        return "anew" if is_new else "by itself"

    def requests(self):
        """What is asked, each on a connection of its own; a wrong answer is a failure, none is not."""
        def frames(daemon):
            client = FrameClient(daemon.socket, 30)
            try:
                client.hello("production")
                self.assertIn(client.evaluate("banner", {"country": "NO"}).get("value"), ("Welcome", None))
                for one in client.batch(["banner", "search-limits"], {"country": "NO"})["evaluations"]:
                    self.assertIn(type(one.get("value")), (str, dict, type(None)))
            finally:
                client.close()

        def http_(method, path, body, right):
            def ask(daemon):
                status, _, answered = request(UnixHttpConnection(daemon.socket), method, path, body)
                if status == 200:
                    self.assertIn(right, answered)
                else:
                    self.assertGreaterEqual(status, 500, answered)
            return ask
        return {"frames": frames, "/evaluate": http_("POST", "/evaluate", {"flag": "banner"}, b'"Welcome"'),
                "OFREP": http_("POST", "/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "a\\u0041"}}, b'"Welcome"'),
                "/status": http_("GET", "/status", None, b'"bootstrap"'), "/metrics": http_("GET", "/metrics", None, b"pennon_")}
