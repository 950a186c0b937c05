"""How a daemon follows its upstream: what it asks for, what it takes, what it refuses."""
import queue
import re
import subprocess
import threading

from frame_client import FrameClient, FrameError
from harness import BIN, EndToEndTest, eventually
from sync_server import SyncServer


def flag(value):
    return {"type": "integer", "variants": [{"key": "v", "value": value}], "default": {"variant": "v"}}


def metric(daemon, name):
    found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", daemon.get("/metrics")[2].decode(), re.M)
    return float(found[1]) if found else None


class SyncTest(EndToEndTest):
    def start_server(self, revision, flags):
        server = SyncServer(self.folder("store"))
        self.addCleanup(server.stop)
        server.publish(revision, flags)
        return server

    def start_following(self, upstream, arguments=(), name="daemon"):
        """A daemon that learns of changes from the stream alone."""
        return self.start_daemon(upstream, ["--upstream-poll-interval", "20s", "--upstream-stale-after", "1h",
                                            *arguments], name)

    def test_a_real_store_tells_of_changes(self):
        store = self.start_store()
        daemon = self.start_following(store)
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open")
        for variant in ("sale", "plain", "sale"):
            revision = store.configure("banner", {"default": {"variant": variant}})
            eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")
        self.assertGreaterEqual(metric(daemon, "pennon_stream_events_total"), 3)
        store.program.kill()
        eventually(lambda: not daemon.environment()["stream"]["open"], "the stream is gone")
        store.start()
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open again")
        revision = store.configure("banner", {"default": {"variant": "plain"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")

    def test_a_stream_that_falls_silent_is_opened_anew(self):
        server = self.start_server(1, {"a": flag(1)})
        ids = []

        def silent(headers, write):
            ids.append(headers.get("Last-Event-ID"))
            write(":\n\n")
            threading.Event().wait(30)

        server.streams = silent
        daemon = self.start_following(server, ["--upstream-stream-idle", "100ms"])
        eventually(lambda: len(ids) >= 3, "it was opened three times")
        self.assertEqual(set(ids), {"1.1"})
        self.assertEqual(daemon.flag("a")["value"], 1)

    def test_an_old_stream_is_opened_anew_without_a_gap(self):
        server = self.start_server(1, {"a": flag(1)})

        def beating(_, write):
            while True:
                write(":\n\n")
                threading.Event().wait(0.02)

        server.streams = beating
        daemon = self.start_following(server, ["--upstream-stream-max-age", "200ms"])
        eventually(lambda: metric(daemon, "pennon_stream_opened_total") >= 3, "it was opened three times")
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="failed"}'), 0)

    def test_events_that_are_garbage_change_nothing(self):
        server = self.start_server(1, {"a": flag(1)})
        told = []

        def garbage(_, write):
            told.append(1)
            write("event: delta\nid: 1.7\ndata: {nonsense\n\nevent: changed\nid: x\ndata: {}\n\n"
                  "event: surprise\ndata: 1\n\ndata\n\n: comment\r\nevent: delta\nid: 1.1\ndata: {}\n\n")
            threading.Event().wait(30)

        server.streams = garbage
        daemon = self.start_following(server)
        eventually(lambda: metric(daemon, "pennon_stream_events_total") == 5, "all events are read")
        self.assertEqual(daemon.environment()["revision"], 1)
        server.publish(2, {"a": flag(2)})
        long = "data: " + "x" * 3_000_000
        server.streams = lambda _, write: (told.append(1), write(long), threading.Event().wait(30))
        daemon.program.kill()
        told.clear()
        daemon.start()
        eventually(lambda: told and daemon.environment()["stream"].get("lastError"), "the line is too long")
        self.assertEqual(daemon.flag("a")["value"], 2)

    def test_deltas_of_the_stream_that_do_not_go_on_from_here_cost_no_full_set(self):
        many = {f"f{i}": flag(i) for i in range(30)}
        few = {key: many[key] for key in list(many)[20:]}
        gone = list(many)[:20]
        server = self.start_server(2, many)
        events = queue.Queue()

        def stream(headers, write):
            write(":\n\n")
            for revision, delta in iter(events.get, None):
                lines = "".join(f"data: {line}\n" for line in delta.decode().splitlines())
                write(f"event: delta\nid: 1.{revision}\n{lines}\n")

        self.addCleanup(events.put, None)
        server.streams = stream
        daemon = self.start_following(server)
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open")
        asked = len(server.asked)
        events.put((1, SyncServer.delta(0, 1, many, [], many)))  # the poll was faster
        eventually(lambda: metric(daemon, "pennon_stream_events_total") == 1, "it has come")
        self.assertEqual(len(server.asked), asked)
        server.deltas["1.2"] = SyncServer.delta(2, 4, {}, gone, few)
        server.publish(4, few)
        events.put((4, SyncServer.delta(3, 4, {}, gone, few)))  # the one to 3 went elsewhere
        eventually(lambda: daemon.environment()["revision"] == 4, "the change is in force")
        self.assertEqual(server.asked[asked:], ["/sync/v1/flagset?since=1.2"])
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="refused"}'), 0)
        self.assertNotIn("refused", daemon.program.log)

    def test_what_the_stream_tells_does_not_shorten_a_wait_that_was_asked_for(self):
        server = self.start_server(1, {"a": flag(1)})
        events = queue.Queue()

        def stream(headers, write):
            write(":\n\n")
            for revision in iter(events.get, None):
                write(f"event: changed\nid: 1.{revision}\ndata: {{}}\n\n")

        self.addCleanup(events.put, None)
        server.streams = stream
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment()["stream"]["open"], "the stream is open")
        server.headers = [("Retry-After", "300")]
        server.current = (429, b"", "")
        eventually(lambda: daemon.environment()["nextAttemptMs"] > 200_000, "it waits")
        asked = server.requests
        for revision in range(2, 7):
            events.put(revision)
        eventually(lambda: metric(daemon, "pennon_stream_events_total") == 5, "all have come")
        events.put(None)
        eventually(lambda: not daemon.environment()["stream"]["open"], "the stream has ended")
        self.assertGreater(daemon.environment()["nextAttemptMs"], 200_000)
        self.assertEqual(server.requests, asked)

    def test_a_stream_that_ends_at_once_is_not_opened_in_a_hurry(self):
        server = self.start_server(1, {"a": flag(1)})
        server.streams = lambda _, write: None
        daemon = self.start_daemon(server)
        eventually(lambda: server.requests >= 12, "polls go on")
        self.assertLess(server.streams_asked, 12)
        self.assertEqual(daemon.environment()["state"], "live")

    def test_an_upstream_without_a_stream_is_polled(self):
        server = self.start_server(1, {"a": flag(1)})
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment().get("stream", {}).get("lastError"), "there is no stream")
        server.publish(2, {"a": flag(2)})
        eventually(lambda: daemon.flag("a")["value"] == 2, "the change is answered")
        off = self.start_daemon(server, ["--upstream-stream", "false"], name="off")
        eventually(lambda: off.environment()["state"] == "live", "it is live")
        self.assertNotIn("stream", off.environment())

    def test_a_change_at_a_real_store_comes_as_a_delta(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--upstream-stream", "false"])
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        whole = daemon.evaluate({"context": {"targetingKey": "u"}})["evaluations"]
        self.assertEqual(metric(daemon, "pennon_sync_deltas_total"), 0)
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")
        self.assertEqual(metric(daemon, "pennon_sync_deltas_total"), 1)
        self.assertEqual(daemon.flag("banner")["variant"], "sale")
        del whole["banner"]
        now = daemon.evaluate({"context": {"targetingKey": "u"}})["evaluations"]
        self.assertEqual({key: now[key] for key in whole}, whole)

    def test_a_delta_that_does_not_verify_is_followed_by_the_full_set(self):
        server = self.start_server(1, {"a": flag(1), "b": flag(2)})
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment()["revision"] == 1, "the first set is in force")
        now = {"a": flag(1), "b": flag(3)}
        server.deltas["1.1"] = SyncServer.delta(1, 2, {"b": flag(4)}, [], now)
        server.publish(2, now)
        eventually(lambda: daemon.environment()["revision"] == 2, "the full set is in force")
        self.assertEqual(daemon.flag("b")["value"], 3)
        self.assertEqual(metric(daemon, 'pennon_sync_total{result="refused"}'), 1)
        self.assertEqual(metric(daemon, "pennon_sync_deltas_total"), 0)

    def test_an_upstream_that_knows_only_wrong_deltas_is_not_asked_in_a_hurry(self):
        server = self.start_server(1, {"a": flag(1)})
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment()["revision"] == 1, "the first set is in force")
        before = server.requests
        server.answer(200, SyncServer.delta(7, 9, {}, [], {}))
        eventually(lambda: server.requests >= before + 6, "it is asked again")
        refused = metric(daemon, 'pennon_sync_total{result="refused"}')
        self.assertLessEqual(refused, server.requests - before + 1)
        self.assertEqual(daemon.flag("a")["value"], 1)

    def test_a_declared_delete_is_applied_and_does_not_come_back(self):
        server = self.start_server(1, {"a": flag(1)})
        daemon = self.start_daemon(server)
        daemon.wait_written(1)
        server.deltas["1.1"] = SyncServer.delta(1, 2, {}, ["a"], {})
        server.current = (200, SyncServer.document(2, {}), '"1.2"')
        eventually(lambda: daemon.environment()["flags"] == 0, "the flag is gone")
        daemon.wait_written(2)
        daemon.program.kill()
        server.stop()
        daemon.start()
        self.assertEqual(daemon.environment()["flags"], 0)
        self.assertEqual(daemon.environment()["revision"], 2)

    def test_a_sharply_smaller_set_is_held_back(self):
        many = {f"f{i}": flag(i) for i in range(60)}
        server = self.start_server(1, many)
        daemon = self.start_daemon(server)
        eventually(lambda: daemon.environment()["flags"] == 60, "the first set is in force")
        for revision, flags in ((2, {}), (3, {key: many[key] for key in list(many)[:30]})):
            server.publish(revision, flags)
            eventually(lambda: daemon.environment().get("held") == f"1.{revision}", "it is held back")
            self.assertEqual(daemon.environment()["flags"], 60)
        server.publish(4, {key: many[key] for key in list(many)[:55]})
        eventually(lambda: daemon.environment()["flags"] == 55, "a better set is taken")
        self.assertNotIn("held", daemon.environment())

    def test_orders_over_the_socket_accept_what_was_held_back_and_go_back_to_what_was_kept(self):
        many = {f"f{i}": flag(i) for i in range(60)}
        server = self.start_server(1, many)
        daemon = self.start_daemon(server)
        daemon.wait_written(1)
        server.publish(2, {key: many[key] for key in list(many)[:30]})
        eventually(lambda: daemon.environment().get("held") == "1.2", "the second is held back")
        operator = FrameClient(daemon.socket)
        self.addCleanup(operator.close)
        operator.hello()
        operator.order("accept")
        self.assertEqual(daemon.environment()["flags"], 30)
        eventually(lambda: len(operator.order("generations")["generations"]) == 2, "both are kept")
        operator.order("rollback")
        self.assertEqual(daemon.environment()["flags"], 60)
        operator.order("unpin")
        self.assertEqual(daemon.environment()["flags"], 30)
        with self.assertRaises(FrameError):
            operator.order("rollback", "1.99")
        with self.assertRaises(FrameError):
            operator.order("rollback", environment="elsewhere")

    def test_with_a_public_key_only_what_the_store_signed_counts(self):
        folder = self.folder("keys")
        keys = {}
        for name in ("right", "wrong"):
            made = subprocess.run([BIN / "pennon-store", "keygen", folder / name], check=True,
                                  capture_output=True, text=True)
            (folder / (name + ".pub")).write_text(made.stdout)
            keys[name] = str(folder / (name + ".pub"))
        store = self.start_store(arguments=["--signing-key-file", str(folder / "right")])
        daemon = self.start_daemon(store, ["--upstream-public-key-file", keys["right"]])
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "a signed delta is taken")
        stranger = self.start_daemon(store, ["--upstream-public-key-file", keys["wrong"]], name="stranger")
        eventually(lambda: "signature" in stranger.environment().get("refused", ""), "it refuses the set")
        self.assertEqual(stranger.environment()["state"], "not-ready")
