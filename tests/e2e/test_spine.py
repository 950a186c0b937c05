"""A flag made in the store is answered by the daemon, and goes on being answered."""
import json
import os
import signal

from harness import EndToEndTest, Program, BIN, eventually

FLAG = {"key": "greeting", "type": "string",
        "variants": [{"key": "hello", "value": "Hello"}, {"key": "bye", "value": "Goodbye"}]}
BOOTSTRAP = {"environment": "production", "flags": {"greeting": {
    "type": "string", "variants": [{"key": "boot", "value": "Hello from the file"}],
    "default": {"variant": "boot"}}}}


class SpineTest(EndToEndTest):
    def serve(self, store, variant):
        revision = store.configure("greeting", {"default": {"variant": variant}})
        value = {"hello": "Hello", "bye": "Goodbye"}[variant]
        eventually(lambda: self.daemon.flag("greeting").get("value") == value
                   and self.daemon.environment()["revision"] == revision, f"{variant} is served")

    def test_a_flag_lives_from_the_store_to_the_last_fallback(self):
        store = self.start_store()
        bootstrap = self.folder("daemon") / "bootstrap.json"
        bootstrap.write_text(json.dumps(BOOTSTRAP))
        config = self.folder("daemon") / "pennond.yaml"
        config.write_text('defaults:\n  greeting: "Hello from the configuration"\n')
        from_file = ["--bootstrap-file", str(bootstrap)]
        arguments = [*from_file, "--config", str(config)]
        self.daemon = daemon = self.start_daemon(store, arguments)

        # Created by REST, then answered; changed, then answered differently.
        status, answer = store.api("POST", "/flags", FLAG)
        self.assertEqual(status, 201, answer)
        self.serve(store, "hello")
        self.serve(store, "bye")
        answer = daemon.flag("greeting")
        self.assertEqual((answer["source"], answer["stale"]), ("live", False))

        # The store is dead: answers go on, and say how old they are.
        store.program.kill()
        stale = eventually(lambda: next(iter([a for a in [daemon.flag("greeting")] if a["stale"]]), None),
                           "the answers are stale")
        self.assertEqual((stale["value"], stale["source"]), ("Goodbye", "live"))
        eventually(lambda: daemon.flag("greeting")["ageMs"] > stale["ageMs"], "the age grows")
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "the status says so")
        self.assertEqual(daemon.get("/readyz")[0], 200)

        # The daemon is dead too: its next life answers from the cache, before any upstream.
        daemon.program.kill()
        daemon.start()
        answer = daemon.flag("greeting")
        self.assertEqual((answer["value"], answer["source"]), ("Goodbye", "cache"))
        self.assertEqual(answer["revision"], stale["revision"])

        # Without the cache: the bootstrap file.
        daemon.program.kill()
        self.delete_cache(daemon)
        daemon.start()
        answer = daemon.flag("greeting")
        self.assertEqual((answer["value"], answer["source"], answer["stale"]),
                         ("Hello from the file", "bootstrap", True))

        # Without the file: the configuration's default for this flag.
        daemon.program.kill()
        self.delete_cache(daemon)
        daemon.arguments = [one for one in daemon.arguments if one not in from_file]
        daemon.start()
        answer = daemon.flag("greeting", default="Hello from the caller")
        self.assertEqual((answer["value"], answer["source"], answer["reason"]),
                         ("Hello from the configuration", "default", "DEFAULT"))
        self.assertEqual(daemon.get("/readyz")[0], 503)

        # Without that: the caller's own.
        answer = daemon.flag("other", default="Hello from the caller")
        self.assertEqual((answer["value"], answer["source"], answer["errorCode"]),
                         ("Hello from the caller", "default", "PROVIDER_NOT_READY"))

        # The store returns, and everything with it.
        store.start()
        eventually(lambda: daemon.flag("greeting")["source"] == "live", "live again")
        self.assertEqual(daemon.flag("greeting")["value"], "Goodbye")

    @staticmethod
    def delete_cache(daemon):
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(daemon.cache + suffix):
                os.remove(daemon.cache + suffix)

    def test_a_change_that_does_not_compile_is_refused_and_changes_nothing(self):
        store = self.start_store()
        self.daemon = daemon = self.start_daemon(store)
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        before = daemon.flag("banner")
        status, problem = store.api("PUT", "/environments/production/flags/banner",
                                    {"default": {"variant": "purple"}})
        self.assertEqual(status, 422)
        self.assertIn("default.variant", problem["pointer"])
        self.assertEqual(daemon.flag("banner")["revision"], before["revision"])

    def test_an_unchanged_flag_set_is_confirmed_and_not_sent_again(self):
        store = self.start_store()
        self.daemon = daemon = self.start_daemon(store)

        def counted(result):
            line = f'pennon_sync_total{{result="{result}"}} '
            text = daemon.get("/metrics")[2].decode()
            return int(float(text.split(line)[1].split("\n")[0]))

        eventually(lambda: counted("unchanged") >= 3, "three confirmations")
        self.assertEqual(counted("changed"), 1)
        self.assertEqual(counted("failed"), 0)

    def test_a_wrong_key_keeps_the_flags_that_are_there(self):
        store = self.start_store()
        self.daemon = daemon = self.start_daemon(store)
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        with open(store.key_file, "w") as key:
            key.write("pn_sync_" + "0" * 64)
        eventually(lambda: "401" in daemon.environment().get("lastError", ""), "the key is refused")
        self.assertEqual(daemon.flag("banner", {"targetingKey": "user-7"})["variant"], "beta")

    def test_sighup_asks_the_upstream_at_once(self):
        store = self.start_store()
        self.daemon = daemon = self.start_daemon(store, ["--upstream-poll-interval", "10m",
                                                         "--upstream-stale-after", "1h"])
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: daemon.environment()["revision"] == revision, "the change is there")

    def test_sigterm_ends_the_daemon_and_takes_its_socket_away(self):
        self.daemon = daemon = self.start_daemon()
        self.assertEqual(daemon.program.terminate(), 0)
        self.assertFalse(os.path.exists(daemon.socket))
        self.assertIn("stopped", daemon.program.log)

    def test_a_second_daemon_on_the_same_socket_harms_nothing(self):
        self.daemon = daemon = self.start_daemon()
        second = Program(daemon.directory, "second", [
            BIN / "pennond", "--environment", "production", "--cache-path", "", "--socket-path",
            daemon.socket, "--http-enabled", "false"])
        self.assertEqual(second.process.wait(timeout=30), 78)
        self.assertIn("another process", second.log)
        self.assertTrue(daemon.is_up())

    def test_a_socket_left_by_a_killed_daemon_is_replaced(self):
        self.daemon = daemon = self.start_daemon()
        daemon.program.kill()
        self.assertTrue(os.path.exists(daemon.socket))
        daemon.start()
        self.assertEqual(os.stat(daemon.socket).st_mode & 0o777, 0o660)
