"""The Unleash server itself, from npm: all flags of a user over HTTP. Its PostgreSQL is not counted, neither in computing
nor in memory."""
import http.client
import json
import pathlib
import shutil
import subprocess

import unleash
from peer import Peer
from server import Failed, Server, free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "unleash"  # whose lock file names its version
CLIENT, ADMIN, FRONTEND = (f"{scope}.{'0' * 31}{number}" for number, scope in
                           enumerate(("default:development", "*:*", "default:development")))
FEATURES = "/api/admin/projects/default/features"


class UnleashServer(Peer):
    name = "Unleash server"
    install = "npm ci --prefix tests/unleash --ignore-scripts; apt-get install postgresql"
    can = frozenset(["bulk"])
    headers = {"Authorization": FRONTEND}

    def __init__(self):
        super().__init__()
        self.postgres = None

    def find(self):
        return shutil.which("node") if (HERE / "node_modules" / "unleash-server").exists() else None

    def absence(self):
        return "" if self.program else "node is missing, or tests/unleash/node_modules is"

    def version(self):
        return json.loads((HERE / "node_modules/unleash-server/package.json").read_text())["version"]

    def environment(self):
        return {"NODE_ENV": "production"}

    def write(self, directory, flags):
        """Through its API, flag by flag; it is started anew afterwards, so that it has all of them at once."""
        # The script has a PostgreSQL run as long as its command, and gives that its address.
        self.postgres = subprocess.Popen(
            [ROOT / "tests" / "support" / "with-postgres", "sh", "-c", "echo $PENNON_TEST_POSTGRES; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        address = self.postgres.stdout.readline().strip()
        if "host=" not in address:
            raise Failed("PostgreSQL does not start")
        self.sockets = address.split("host=")[1]
        port = free_port()
        seeding = Server(self, self.command(directory, port, None), directory, port)
        try:
            seeding.wait(flags[0])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for flag in flags:
                create(connection, unleash.definition(flag))
        finally:
            seeding.stop()

    def command(self, directory, port, socket):
        return [self.program, HERE / "server.mjs", self.sockets, str(port), CLIENT, ADMIN, FRONTEND]

    def bulk(self, context):
        return "/api/frontend", {"context": unleash.to_context(context)}

    def bulk_answer(self, body):
        return {toggle["name"] for toggle in body["toggles"] if toggle["enabled"]}

    def end(self):
        if self.postgres:
            self.postgres.stdin.close()
            self.postgres.wait()


def create(connection, feature):
    at = f"{FEATURES}/{feature['name']}/environments/development"
    calls = [(FEATURES, {"name": feature["name"], "type": "release"})]
    calls += [(f"{at}/strategies", strategy) for strategy in feature["strategies"]]
    calls += [(f"{at}/on", None)] if feature["enabled"] else []
    for path, body in calls:
        connection.request("POST", path, json.dumps(body) if body else None,
                           {"Authorization": ADMIN, "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failed(f"Unleash answers {answer.status} to {path}: {text[:100]}")
