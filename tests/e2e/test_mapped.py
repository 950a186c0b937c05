"""Flags that are mapped: right while they change, and freed when nobody has them any more."""
import json
import os
import pathlib
import queue
import signal
import subprocess
import socket
import struct
import sys
import unittest

import libpennon
from frame_client import FrameClient
from harness import BIN, ROOT, EndToEndTest, eventually
from sync_server import SyncServer

sys.path.insert(0, str(ROOT / "tests" / "support"))
from hostile_daemon import EVALUATE, HELLO, MAP, HostileDaemon, frame  # noqa: E402

READER, QUIET = (BIN.parent / "tests" / "e2e" / name for name in ("mapped_reader", "mapped_quiet"))
STRANGER = 65534
FLAGS, PATTERNS = 10_000, 20
EVALUATIONS, REVISIONS, THREADS = 1_000_000, 1_000, 4


def flags_of(revision):
    one = {"type": "integer", "variants": [{"key": "v", "value": revision}], "default": {"variant": "v"}}
    return {"a": one, "b": one}


def images_of(process):
    """How many images a process has mapped."""
    return pathlib.Path(f"/proc/{process}/maps").read_text().count("pennon-image")


class MappedTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.server = SyncServer(self.folder("store"))
        self.addCleanup(self.server.stop)
        self.server.publish(1, flags_of(1))
        self.revision = 1
        self.events = queue.Queue()

        def stream(_, write):
            while (event := self.events.get()) is not None:
                write(event)
        self.server.streams = stream
        self.addCleanup(self.events.put, None)
        self.daemon = self.start_daemon(self.server, ["--upstream-poll-interval", "30m", "--upstream-stale-after", "1h"])
        eventually(lambda: self.daemon.environment()["revision"] == 1, "the daemon is live")
        eventually(lambda: self.server.streams_asked, "and has its stream")

    def publish(self, times=1):
        for _ in range(times):
            before, self.revision = self.revision, self.revision + 1
            flags = flags_of(self.revision)
            self.server.publish(self.revision, flags)
            delta = SyncServer.delta(before, self.revision, flags, [], flags).decode()
            self.events.put(f"event: delta\nid: 1.{self.revision}\n"
                            + "".join(f"data: {line}\n" for line in delta.splitlines()) + "\n")

    def client(self):
        client = libpennon.load().Client(socket_path=self.daemon.socket)
        self.addCleanup(client.close)
        eventually(lambda: client.way == "mapped", "it maps")
        return client

    def test_a_million_evaluations_while_a_thousand_revisions_are_published_are_all_right(self):
        with subprocess.Popen([READER, self.daemon.socket, str(THREADS), str(EVALUATIONS), str(REVISIONS + 1)],
                              stdout=subprocess.PIPE, text=True) as reader:
            self.assertEqual(reader.stdout.readline(), "ready\n")
            self.publish(REVISIONS)
            found = json.loads(reader.stdout.readline())
        self.assertGreaterEqual(found.pop("evaluations"), EVALUATIONS)
        self.assertGreaterEqual(found.pop("notices"), 1)
        self.assertEqual(found, {"torn": 0, "backwards": 0, "stale": 0, "failed": 0, "way": "mapped"})

    @unittest.skipIf(libpennon.IS_SANITIZED, "a sanitizer asks the kernel for memory")
    def test_a_million_evaluations_ask_nothing_of_the_kernel_and_allocate_nothing(self):
        def on_for(condition):
            return {"type": "boolean", "variants": [{"key": "on", "value": True}, {"key": "no", "value": False}],
                    "rules": [{"id": "some", "when": condition, "serve": {"variant": "on"}}],
                    "default": {"split": {"weights": [{"variant": "on", "weight": 25}, {"variant": "no", "weight": 75}]}}}
        flags = {f"flag-{i:05}": on_for({"attr": "country", "op": "in", "values": ["NO", "DK"]}) for i in range(FLAGS)}
        patterns = [f"flag-{i:05}" for i in range(0, FLAGS, FLAGS // PATTERNS)]
        for i, key in enumerate(patterns):
            flags[key] = on_for({"attr": "targetingKey", "op": "regex", "values": [f"^user-[{i % 10}-9]+$"]})
        flags["window"] = on_for({"window": {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}})
        self.revision += 1
        self.server.publish(self.revision, flags)
        self.events.put(f"event: changed\nid: 1.{self.revision}\ndata: {{}}\n\n")
        self.daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.daemon.environment()["revision"] == self.revision, "the daemon has them")
        asked = [*patterns, "window", *(f"flag-{i:05}" for i in range(7, 107))]
        found = subprocess.run([QUIET, self.daemon.socket, str(EVALUATIONS), *asked], stdout=subprocess.PIPE, timeout=60)
        self.assertEqual(found.returncode, 0)
        told = json.loads(found.stdout)
        self.assertEqual(told["allocations"], 0)
        self.assertTrue(0.2 * EVALUATIONS < told["on"] < 0.9 * EVALUATIONS, told)

    def test_a_bootstrap_file_gives_way_whatever_revision_it_claims(self):
        upstream = SyncServer(self.folder("late"))  # answers 503 until something is published
        self.addCleanup(upstream.stop)
        file = self.folder("late") / "flags.json"
        file.write_text(json.dumps({"environment": "production", "epoch": 1, "revision": 10**15, "flags": flags_of(7)}))
        self.daemon = self.start_daemon(upstream, ["--bootstrap-file", str(file)], name="late")
        client = self.client()
        self.assertEqual(client.detail("a", 0)["value"], 7)
        upstream.publish(2, flags_of(2))
        eventually(lambda: client.detail("a", 0)["value"] == 2, "the upstream's set is newer to who has mapped the file's")
        self.assertEqual(client.way, "mapped")

    def test_an_old_image_is_freed_when_the_last_client_lets_go(self):
        clients = [self.client(), self.client()]
        for _ in range(20):
            self.publish()
            for client in clients:
                eventually(lambda: client.get("a", 0) == self.revision, "the client follows")
        eventually(lambda: images_of("self") == 2, lambda: f"one image a client: {images_of('self')}")
        daemon = self.daemon.program.process.pid
        descriptors = f"/proc/{daemon}/fd"

        def held():
            names = []
            for one in os.listdir(descriptors):
                try:
                    names.append(os.readlink(f"{descriptors}/{one}"))
                except FileNotFoundError:
                    pass
            return sum("pennon-image" in name for name in names)
        eventually(lambda: held() == 1, lambda: f"the daemon has the one in force: {held()}")
        self.daemon.program.kill()
        self.assertEqual(clients[0].get("a", 0), self.revision)  # what it has mapped outlives the daemon
        for client in clients:
            client.close()
        self.assertEqual(images_of("self"), 0)

    def operator(self):
        operator = FrameClient(self.daemon.socket)
        self.addCleanup(operator.close)
        operator.hello()
        return operator

    def between(self, spoil=lambda kind, number, answer, descriptors: (answer, descriptors)):
        """What stands between a client and the daemon, and can spoil what it answers, and the client."""
        pennon = libpennon.load()  # which may skip the test, so before the socket is taken
        between = HostileDaemon(self.folder("between") / "pennon.sock", self.daemon.socket)
        self.addCleanup(between.close)
        between.spoil = spoil
        client = pennon.Client(socket_path=between.path, retry_max_ms=20)
        self.addCleanup(client.close)
        eventually(lambda: client.way == "mapped", "it maps")
        return between, client

    def second_of_two(self):
        """A client that has the second set, and an operator, when both sets are kept."""
        client, operator = self.client(), self.operator()
        self.daemon.wait_written(1)
        self.publish()
        eventually(lambda: client.get("a", 0) == 2, "the client follows")
        eventually(lambda: len(operator.order("generations")["generations"]) == 2, "both sets are kept")
        return client, operator

    def test_an_order_to_go_back_is_followed(self):
        client, operator = self.second_of_two()
        operator.order("rollback")
        eventually(lambda: client.get("a", 0) == 1, "and goes back")
        answer = client.detail("a", 0)
        self.assertEqual((answer["revision"], client.way), (1, "mapped"))
        operator.order("unpin")
        eventually(lambda: client.get("a", 0) == 2, "and forth")

    def test_an_order_to_go_back_is_followed_also_when_a_restarted_daemon_tells_it(self):
        client, operator = self.second_of_two()
        operator.order("pin", "1")
        self.daemon.program.kill()
        self.daemon.start()
        eventually(lambda: (client.way, client.get("a", 0)) == ("mapped", 1), "it goes back")

    def test_a_worker_that_has_not_heard_of_the_newer_set_takes_nobody_back(self):
        handed, late = [], [0]

        def lag(kind, number, answer, descriptors):
            if kind != MAP:
                return answer, descriptors
            if not handed:  # the first set, for later
                handed.extend([answer, *map(os.dup, descriptors)])
            if late[0] == 0:
                return answer, descriptors
            late[0] -= 1
            return handed[0][:4] + answer[4:8] + handed[0][8:], handed[1:]
        _, client = self.between(lag)
        self.addCleanup(lambda: [os.close(one) for one in handed[1:]])
        self.publish()
        eventually(lambda: client.get("a", 0) == 2, "it follows")
        late[0] = 5
        self.publish()
        seen = set()
        eventually(lambda: seen.add(client.get("a", 0)) or 3 in seen, "it follows again")
        self.assertLessEqual(seen, {2, 3})
        self.assertEqual(late[0], 0)

    def test_flags_that_cannot_be_mapped_anew_come_over_frames(self):
        between, client = self.between()
        relay, why = between.spoil, b"later"
        unavailable = struct.pack("<HH", 7, len(why)) + why
        between.spoil = lambda kind, number, answer, descriptors: (
            (frame(0xFF, number, unavailable), []) if kind == MAP else (answer, descriptors))
        self.publish()
        eventually(lambda: (client.way, client.get("a", 0)) == ("frames", 2), "the newer flags are answered")
        between.spoil = relay
        eventually(lambda: (client.way, client.get("a", 0)) == ("mapped", 2), "and mapped when they can be")

    def test_outdated_flags_go_on_when_frames_do_not_answer_either(self):
        between, client = self.between()
        between.spoil = lambda kind, number, answer, descriptors: (
            (b"", []) if kind in (EVALUATE, MAP) else (answer, descriptors))
        self.publish()
        eventually(lambda: EVALUATE in between.asked, "frames are tried")
        asked = between.asked.count(MAP)
        eventually(lambda: between.asked.count(MAP) > asked + 1, "mapping, too")
        self.assertEqual((client.way, client.get("a", 0)), ("mapped", 1))

    @staticmethod
    def cut(between):
        """Ends every connection, as a daemon does that is restarted."""
        for connection in between.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def test_a_refused_hello_takes_the_flags_away(self):
        between, client = self.between()
        relay, why = between.spoil, b"not for you"
        refusal = struct.pack("<HH", 4, len(why)) + why
        between.spoil = lambda kind, number, answer, descriptors: (
            (frame(0xFF, number, refusal), []) if kind == HELLO else (answer, descriptors))
        self.cut(between)
        eventually(lambda: client.way == "frames", "the flags are gone")
        eventually(lambda: client.detail("a", 0)["message"] == why.decode(), "and why is told")
        between.spoil = relay
        eventually(lambda: (client.way, client.get("a", 0)) == ("mapped", 1), "it may again")

    def test_hanging_up_takes_the_flags_away_once_there_are_new_rules(self):
        for is_cut in (False, True):
            with self.subTest("the subscription is made anew" if is_cut else "the subscription goes on"):
                between, client = self.between()
                between.spoil = lambda kind, number, answer, descriptors: (
                    (b"", []) if kind == HELLO else (answer, descriptors))
                if is_cut:
                    self.cut(between)
                    asked = between.asked.count(HELLO)
                    eventually(lambda: between.asked.count(HELLO) > asked + 2, "it tries to come back")
                    self.assertEqual((client.way, client.get("a", 0)), ("mapped", 1))
                self.daemon.program.process.send_signal(signal.SIGHUP)
                eventually(lambda: (client.way, client.get("a", 0)) == ("frames", 0), "the flags are gone")
                between.close()
                os.unlink(between.path)

    @unittest.skipIf(os.geteuid() != 0, "only root can be another user")
    def test_a_reload_that_leaves_a_user_nothing_takes_the_flags_away(self):
        os.chmod(self.directory, 0o755)
        config = self.folder("rules") / "pennond.yaml"
        config.write_text("peers:\n  environments: {}\nsocket:\n  mode: '0666'\n")
        daemon = self.start_daemon(self.server, ["--config", str(config), "--upstream-stream", "false"], name="ruled")
        eventually(lambda: daemon.environment()["revision"] == self.revision, "it is live")
        pennon = libpennon.load()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(STRANGER)
                os.setuid(STRANGER)
                client = pennon.Client(socket_path=daemon.socket, retry_max_ms=50)
                eventually(lambda: client.way == "mapped", "it maps")
                os.write(writer, b"1")
                eventually(lambda: (client.way, client.get("a", 0)) == ("frames", 0), "the flags are gone")
                os.write(writer, b"2")
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb", buffering=0) as told:
            self.assertEqual(told.read(1), b"1")
            config.write_text(config.read_text().replace("{}", "{'uid:4000000': production}"))
            daemon.program.process.send_signal(signal.SIGHUP)
            self.assertEqual(told.read(1), b"2")
        os.waitpid(child, 0)

    def test_a_reload_that_forbids_takes_the_flags_away_and_one_that_allows_gives_them_back(self):
        config = self.folder("rules") / "pennond.yaml"
        config.write_text("peers:\n  environments: {}\n")
        daemon = self.start_daemon(self.server, ["--config", str(config), "--upstream-stream", "false"], name="ruled")
        eventually(lambda: daemon.environment()["revision"] == self.revision, "it is live")
        client = libpennon.load().Client(socket_path=daemon.socket, retry_max_ms=50)
        self.addCleanup(client.close)
        eventually(lambda: client.way == "mapped", "it maps")
        config.write_text("peers:\n  environments: {'uid:4000000': production}\n")
        daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "not for this user" in client.detail("a", 0)["message"], "it may not any more")
        self.assertEqual((client.way, client.get("a", 0)), ("frames", 0))
        config.write_text("peers:\n  environments: {}\n")
        daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: (client.way, client.get("a", 0)) == ("mapped", self.revision), "it may again")


if __name__ == "__main__":
    unittest.main()
