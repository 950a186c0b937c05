"""How a daemon follows its upstream: what it asks for, what it takes, what it refuses."""
import re
import subprocess

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

    def test_a_change_at_a_real_store_comes_as_a_delta(self):
        store = self.start_store()
        daemon = self.start_daemon(store)
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
        eventually(lambda: daemon.environment()["flags"] == 1, "the flag is in force")
        server.deltas["1.1"] = SyncServer.delta(1, 2, {}, ["a"], {})
        server.current = (200, SyncServer.document(2, {}), '"1.2"')
        eventually(lambda: daemon.environment()["flags"] == 0, "the flag is gone")
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
