"""A daemon that follows a real Unleash server, pinned in package-lock.json: create, change, archive, death, return.

Run by ./test unleash, which installs the server.
"""
import json
import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness import Daemon, Postgres, Program, UnixHttpConnection, eventually, free_port, request  # noqa: E402
import http.client  # noqa: E402

CLIENT = "default:development.0123456789abcdef0123456789abcdef"
ADMIN = "*:*.fedcba9876543210fedcba9876543210"
PROJECT = "/api/admin/projects/default/features"


class UnleashServer:
    def __init__(self, directory, postgres):
        self.directory, self.port = directory, free_port()
        self.sockets = postgres.address.split("host=")[1]
        self.start()

    def start(self):
        self.program = Program(self.directory, "unleash", [
            "node", str(HERE / "server.mjs"), self.sockets, str(self.port), CLIENT, ADMIN])
        eventually(self.is_up, lambda: "Unleash is up: " + self.program.log)

    def is_up(self):
        assert self.program.process.poll() is None, self.program.log
        try:
            return self.ask("GET", "/health")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        status, _, answer = request(connection, method, path, body, {"Authorization": ADMIN})
        return status, answer

    def change(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert 200 <= status < 300, (method, path, status, answer)
        return json.loads(answer) if answer.startswith((b"{", b"[")) else None

    def create(self, feature, strategy, variants=()):
        self.change("POST", PROJECT, {"name": feature, "type": "release"})
        at = f"{PROJECT}/{feature}/environments/development"
        made = self.change("POST", at + "/strategies", {**strategy, "variants": list(variants)})
        self.change("POST", at + "/on")
        return f"{at}/strategies/{made['id']}"


def roll_out(percentage, constraints=()):
    return {"name": "flexibleRollout", "constraints": list(constraints),
            "parameters": {"rollout": str(percentage), "stickiness": "default", "groupId": "g"}}


class UnleashTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.end)
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.server = UnleashServer(cls.directory, cls.postgres)
        cls.addClassCleanup(lambda: cls.server.program.kill())

    def setUp(self):
        token = self.directory / "token"
        token.write_text(CLIENT)
        os.chmod(token, 0o600)
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.daemon = Daemon(home.name, arguments=[
            "--upstream-kind", "unleash", "--upstream-url", f"http://127.0.0.1:{self.server.port}/api",
            "--upstream-key-file", str(token), "--upstream-poll-interval", "100ms", "--upstream-retry-max", "200ms",
            "--upstream-stale-after", "2s", "--report-interval", "100ms"])
        self.addCleanup(self.daemon.program.end)

    def evaluation(self, flag, **context):
        body = {"flag": flag, "context": {"targetingKey": "anna", **context}}
        answer = json.loads(request(UnixHttpConnection(self.daemon.socket), "POST", "/evaluate", body)[2])
        return answer["evaluations"][flag]

    def value(self, flag, **context):
        return self.evaluation(flag, **context).get("value")

    def metrics(self, feature):
        answer = self.server.change("GET", f"/api/admin/client-metrics/features/{feature}/raw")
        return sum(one["yes"] for one in answer["data"]), sum(one["no"] for one in answer["data"])

    def test_features_are_followed_through_their_life_and_the_server_through_its_own(self):
        server = self.server
        strategy = server.create("story", roll_out(100))
        eventually(lambda: self.value("story") is True, "created")
        first = self.daemon.environment()

        server.change("PUT", strategy, roll_out(100, [
            {"contextName": "region", "operator": "IN", "values": ["eu"], "inverted": False}]))
        eventually(lambda: self.value("story") is False, "changed")
        self.assertIs(self.value("story", region="eu"), True)
        self.assertGreater(self.daemon.environment()["revision"], first["revision"])

        server.create("colour", roll_out(100), [
            {"name": "blue", "weight": 1000, "weightType": "variable", "stickiness": "default",
             "payload": {"type": "string", "value": "#00f"}}])
        eventually(lambda: self.value("colour") == "#00f", "variants come with their payload")
        self.assertEqual(self.evaluation("colour")["variant"], "blue")

        server.change("DELETE", f"{PROJECT}/colour")
        eventually(lambda: "errorCode" in self.evaluation("colour"), "archived")
        self.assertIs(self.value("story", region="eu"), True)

        server.program.kill()
        eventually(lambda: self.daemon.environment()["state"] == "upstream-down", "its death is noticed")
        self.assertIs(self.value("story", region="eu"), True)
        server.start()
        eventually(lambda: self.daemon.environment()["state"] == "live", "its return is noticed")
        server.change("PUT", strategy, roll_out(0))
        eventually(lambda: self.value("story", region="eu") is False, "a change after the return")

    def test_the_server_learns_who_asks_and_what_was_evaluated(self):
        self.server.create("counted", roll_out(100))
        eventually(lambda: self.value("counted") is True, "created")
        # Again and again: for its first ten seconds the server may not know the feature, and drops what is counted.
        eventually(lambda: self.value("counted") is True and self.metrics("counted")[0] >= 1, "yes counts arrive")
        applications = eventually(
            lambda: [one for one in self.server.change("GET", "/api/admin/metrics/applications")["applications"]
                     if one["appName"] == "pennond"], "it is registered")
        self.assertEqual(len(applications), 1)

    def test_a_token_that_is_not_known_is_told_and_takes_nothing_away(self):
        self.server.create("kept", roll_out(100))
        eventually(lambda: self.value("kept") is True, "created")
        token = self.directory / "token"
        self.addCleanup(token.write_text, CLIENT)
        token.write_text("default:development.unknown")
        eventually(lambda: "not accepted" in self.daemon.environment().get("lastError", ""), "401 is told")
        self.assertIs(self.value("kept"), True)


if __name__ == "__main__":
    unittest.main()
