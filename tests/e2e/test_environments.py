"""Two environments in one daemon: each with its own flags, cache, key and users."""
import contextlib
import http.client
import json
import os
import re
import subprocess
import unittest

from frame_client import FrameClient, FrameError
from harness import BIN, UnixHttpConnection, eventually, request
from test_local_security import STRANGER, attempts_as
from test_sources import RARE, SourceTest, native, value


class EnvironmentsTest(SourceTest):
    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o755)
        self.production = self.write("production.json", native(a=1))
        self.staging = self.write("staging.json", {**native(a=2, b=2), "environment": "staging"})

    def serve(self, more="", staging=""):
        self.write("staging.yaml", f"upstream: {{file: {self.staging}}}\n{staging}")
        config = self.write("pennond.yaml", f"environments: {{staging: {self.directory / 'staging.yaml'}}}\n{more}")
        daemon = self.daemon("--config", str(config), "--upstream-kind", "file",
                             "--upstream-file", str(self.production), *RARE)
        eventually(lambda: daemon.get("/readyz")[0] == 200, daemon.status)
        return daemon

    def hello(self, daemon, environment=""):
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        client.hello(environment)
        return client

    def secret_named(self, name, text):
        path = self.write(name, text)
        path.chmod(0o600)
        return path

    def test_frames_name_the_environment_and_http_needs_a_way_to_say_it(self):
        daemon = self.serve()
        self.assertEqual(self.hello(daemon, "production").evaluate("a", {})["value"], 1)
        self.assertEqual(self.hello(daemon, "staging").evaluate("a", {})["value"], 2)
        for environment in ("", "unknown"):
            with self.assertRaises(FrameError):
                self.hello(daemon, environment)
        status, _, body = request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", {"flag": "a"})
        self.assertEqual(status, 400, body)
        self.assertIn(b"several", body)

    def test_status_metrics_and_caches_are_of_each_environment(self):
        daemon = self.serve()
        shown = {one["environment"]: one for one in daemon.status()["environments"]}
        self.assertEqual({name: one["flags"] for name, one in shown.items()}, {"production": 1, "staging": 2})
        self.assertNotEqual(shown["production"]["cache"]["path"], shown["staging"]["cache"]["path"])
        metrics = daemon.get("/metrics")[2].decode()
        self.assertIn('pennon_flags{environment="production"} 1\n', metrics)
        self.assertIn('pennon_flags{environment="staging"} 2\n', metrics)
        self.replace(self.staging, {**native(a=3), "environment": "staging"})
        eventually(lambda: self.hello(daemon, "staging").evaluate("a", {})["value"] == 3, "staging changes alone")
        self.assertEqual(self.hello(daemon, "production").evaluate("a", {})["value"], 1)

    def pennon(self, daemon, *arguments):
        done = subprocess.run([BIN / "pennon", "--socket", daemon.socket, *arguments], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def test_the_daemon_itself_is_asked_without_naming_an_environment(self):
        daemon = self.serve()
        for command, answer in (("health", "alive"), ("ready", "ready"), ("status", "\nstaging\n"), ("reload", "changes")):
            code, out = self.pennon(daemon, command)
            self.assertEqual(code, 0, out)
            self.assertIn(answer, out)
        code, out = self.pennon(daemon, "flags")
        self.assertEqual(code, 1)
        self.assertIn("several", out)

    def test_who_may_use_no_environment_may_give_orders_all_the_same(self):
        daemon = self.serve(f'peers: {{environments: {{"uid:{STRANGER}": production}}}}\n')
        for arguments in (["status"], ["reload"], ["--environment", "production", "generations"]):
            code, out = self.pennon(daemon, *arguments)
            self.assertEqual(code, 0, out)
        self.assertIn("not for this user", self.pennon(daemon, "--environment", "production", "flags")[1])

    def test_orders_name_the_environment(self):
        daemon = self.serve()
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        with self.assertRaisesRegex(FrameError, "several"):
            client.order("generations")
        answer = client.order("generations", environment="staging")
        self.assertEqual((answer["environment"], len(answer["generations"])), ("staging", 1))
        self.staging.write_text(json.dumps({"environment": "staging", "flags": {}}))
        eventually(lambda: daemon.status()["environments"][1].get("held"), "held")
        self.assertEqual(client.order("accept", environment="staging")["environment"], "staging")
        eventually(lambda: daemon.status()["environments"][1]["flags"] == 0, "accepted")

    def test_the_environment_of_requests_without_a_key_can_be_set(self):
        daemon = self.serve("http: {environment: staging}\n")
        self.assertEqual(value(daemon, "a"), 2)

    def test_each_key_opens_its_environment(self):
        first, second = self.secret_named("key1", "first-key"), self.secret_named("key2", "second-key")
        daemon = self.serve(f"http: {{token_file: {first}}}\n", f"http: {{token_file: {second}}}\n")
        host, port = daemon.http_address()

        def ask(key):
            headers = {"Authorization": "Bearer " + key} if key else {}
            status, _, body = request(http.client.HTTPConnection(host, int(port), timeout=30), "POST", "/evaluate",
                                      {"flag": "a"}, headers)
            return status, json.loads(body).get("environment")
        self.assertEqual(ask("first-key"), (200, "production"))
        self.assertEqual(ask("second-key"), (200, "staging"))
        self.assertEqual(ask("third-key")[0], 401)
        self.assertEqual(ask("")[0], 401)

    def test_who_may_use_one_environment_is_told_of_no_other(self):
        first, second = self.secret_named("key1", "first-key"), self.secret_named("key2", "second-key")
        daemon = self.serve(f"http: {{token_file: {first}}}\npeers:\n  environments: {{uid:65534: production}}\nsocket:\n  mode: '0666'\n",
                            f"http: {{token_file: {second}}}\n")

        def told(connection, headers=None):
            status, metrics = (request(connection(), "GET", path, None, headers)[2].decode() for path in ("/status", "/metrics"))
            return ([one["environment"] for one in json.loads(status)["environments"]],
                    sorted(set(re.findall('environment="([a-z]+)"', metrics))))
        host, port = daemon.http_address()
        loopback = lambda: http.client.HTTPConnection(host, int(port), timeout=30)
        for key, name in (("first-key", "production"), ("second-key", "staging")):
            self.assertEqual(told(loopback, {"X-API-Key": key}), ([name], [name]))
        socket = lambda path=daemon.socket: UnixHttpConnection(path)
        self.assertEqual(told(socket), (["production", "staging"],) * 2)  # the daemon's own user gives orders
        if os.geteuid() == 0:
            self.assertEqual(attempts_as(daemon.socket, STRANGER, [], lambda path: told(socket)), [["production"]] * 2)
            def by_frames(path):
                with contextlib.closing(FrameClient(path)) as client:
                    return [one["environment"] for one in client.status()["environments"]]
            self.assertEqual(by_frames(daemon.socket), ["production", "staging"])
            self.assertEqual(attempts_as(daemon.socket, STRANGER, [], by_frames), ["production"])

    @unittest.skipIf(os.geteuid() != 0, "only root can be another user")
    def test_who_sees_no_environment_is_not_told_that_it_is_ready(self):
        daemon = self.serve("peers:\n  environments: {uid:65534: elsewhere}\nsocket:\n  mode: '0666'\n")

        def ready(path):
            done = subprocess.run([BIN / "pennon", "--socket", path, "ready"], capture_output=True, text=True, timeout=30)
            return done.returncode, done.stderr
        code, why = attempts_as(daemon.socket, STRANGER, [], ready)
        self.assertEqual((code, "no environment" in why), (1, True), why)

    @unittest.skipIf(os.geteuid() != 0, "only root can be another user")
    def test_a_user_has_the_environments_of_its_rules(self):
        for rules, expected in (
                ("{uid:65534: staging}", {"frames": 4, "order": 4, "http": 200, "ofrep": 200}),  # frames ask production
                ("{uid:65534: 'staging production'}", {"frames": None, "order": 4, "http": 400, "ofrep": 400}),
                ("{uid:4711: '*'}", dict.fromkeys(("frames", "order", "http", "ofrep"), "closed"))):
            with self.subTest(rules):
                daemon = self.serve(f"peers:\n  environments: {rules}\nsocket:\n  mode: '0666'\n")
                self.assertEqual(attempts_as(daemon.socket, STRANGER, []), expected)
                daemon.program.end()


if __name__ == "__main__":
    unittest.main()
