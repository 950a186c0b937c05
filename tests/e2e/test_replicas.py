"""Two stores on one PostgreSQL database, and many writers on either database."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

from harness import EndToEndTest, Postgres, Store, eventually, request

FLAG = "/environments/production/flags/banner"
WRITERS = 50


class Relay(threading.Thread):
    """What stands before replicas: a port whose connections go to the first that takes them. For a daemon
    it is a store."""

    def __init__(self, stores):
        super().__init__(daemon=True)
        self.key_file = stores[0].key_file
        self.stores = stores
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def relay(self, client):
        with client:
            for store in self.stores:
                try:
                    server = socket.create_connection(("127.0.0.1", store.port), timeout=30)
                except OSError:
                    continue
                with server:
                    back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
                    back.start()
                    self.pump(client, server)
                    back.join()
                return

    @staticmethod
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()


class Stream(threading.Thread):
    """The events that a store sends to a daemon, or on another path to who has another token."""

    def __init__(self, store, path="/sync/v1/stream", token=None, last=None):
        super().__init__(daemon=True)
        self.events = []
        self.connection = store.connection()
        if token is None:
            with open(store.key_file) as key:
                token = key.read().strip()
        headers = {"Authorization": "Bearer " + token, **({"Last-Event-ID": last} if last else {})}
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.start()

    def run(self):
        event = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name:
                event[name] = event[name] + "\n" + value if name in event else value
            elif event:
                self.events.append(event)
                event = {}


class ReplicaTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.postgres = Postgres()
        self.addCleanup(self.postgres.end)
        self.first = self.start_store(database=self.postgres.address)
        self.second = self.start_store(twin=self.first)

    def switch(self, store, variant):
        status, answer = store.api("PATCH", FLAG, {"default": {"variant": variant}})
        self.assertEqual(status, 200, answer)
        return answer["revision"]

    def test_a_change_on_one_replica_is_told_on_the_streams_of_the_other(self):
        stream = Stream(self.second)
        eventually(lambda: stream.events, "the stream begins")
        revision = self.switch(self.first, "sale")
        event = eventually(lambda: [e for e in stream.events if e.get("event") == "delta"], "the delta comes")[0]
        head, line = [json.loads(text) for text in event["data"].split("\n")]
        self.assertEqual((head["revision"], head["since"], head["flags"]), (revision, revision - 1, 1))
        self.assertEqual((line["key"], line["default"]), ("banner", {"variant": "sale"}))
        self.assertLessEqual(sum(len(value) for value in event.values()), 2048)
        self.second.program.terminate()
        stream.join()
        self.assertEqual(stream.events[-1]["event"], "goodbye")

    def test_a_change_is_told_to_who_listens_at_the_database_and_one_that_is_only_tried_is_not(self):
        psql = subprocess.Popen(["psql", "--no-psqlrc", "--quiet", self.postgres.address], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        ask = lambda what: psql.stdin.write(f"SELECT '{what}' AS said;\n") and psql.stdin.flush()
        psql.stdin.write("LISTEN pennon;\n")
        ask("listening")
        said = []
        while "listening" not in "".join(said[-1:]):
            said.append(psql.stdout.readline())
        self.assertEqual(self.first.api("PATCH", FLAG + "?dryRun=true", {"default": {"variant": "sale"}})[0], 200)
        self.switch(self.first, "sale")
        ask("changed")
        rest, _ = psql.communicate(timeout=60)
        self.assertEqual(rest.count('Asynchronous notification "pennon"'), 1, rest)

    def test_a_database_that_stands_still_is_503_and_what_was_refused_is_not_made_later(self):
        store = self.first
        folder = pathlib.Path(self.postgres.address.split("host=")[1])
        server = (folder / "data" / "postmaster.pid").read_text().split()[0]
        everyone = [server, *subprocess.check_output(["pgrep", "-P", server], text=True).split()]

        def signal_all(number):
            for one in everyone:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(one), number)

        self.addCleanup(signal_all, signal.SIGCONT)
        before = store.api("GET", FLAG)[1]["version"]
        signal_all(signal.SIGSTOP)
        for variant in ("red", "blue"):
            self.assertEqual(store.api("PATCH", FLAG, {"default": {"variant": variant}})[0], 503)
        self.assertEqual(store.api("GET", FLAG)[0], 503)
        signal_all(signal.SIGCONT)
        version = eventually(lambda: store.api("GET", FLAG)[1].get("version"), "the database answers")
        self.assertEqual(version, before)

    def test_people_who_follow_one_replica_are_told_what_the_other_changed(self):
        status, token = self.first.api("POST", "/tokens", {"name": "follows", "kind": "viewer"})
        self.assertEqual(status, 201)
        follow = {"path": "/api/v1/events", "token": token["token"]}
        eventually(lambda: request(self.second.connection(), "GET", "/api/v1/flags",
                                   headers={"Authorization": "Bearer " + token["token"]})[0] == 200,
                   "the other replica knows the token")
        stream = Stream(self.second, **follow)
        hello = eventually(lambda: stream.events, "the stream begins")[0]
        self.assertEqual(hello["event"], "hello")
        self.switch(self.first, "sale")
        event = eventually(lambda: [e for e in stream.events if e.get("event") == "changes"], "it is told")[0]
        [entry] = json.loads(event["data"])["entries"]
        self.assertEqual((entry["kind"], entry["environment"], entry["key"]), ("config", "production", "banner"))
        missed = Stream(self.first, last=hello["id"], **follow)
        self.assertEqual(eventually(lambda: missed.events, "it goes on")[0]["data"], event["data"])
        missed.connection.close()
        self.assertEqual(self.first.api("DELETE", f"/tokens/{token['id']}")[0], 204)
        stream.join()
        self.assertEqual(stream.events[-1]["event"], "goodbye")

    def test_both_replicas_show_what_either_has_changed(self):
        for store, other in ((self.first, self.second), (self.second, self.first)):
            self.switch(store, "sale")
            self.assertEqual(eventually(lambda: other.api("GET", FLAG)[1], "it answers")["default"],
                             {"variant": "sale"})
            self.switch(other, "plain" if other is self.second else "sale")
        status, key = self.first.api("POST", "/environments/production/keys", {"name": "n"})
        self.assertEqual(status, 201)
        poll = {"Authorization": "Bearer " + key["token"]}
        eventually(lambda: request(self.second.connection(), "GET", "/sync/v1/flagset", headers=poll)[0] == 200,
                   "the other replica knows the new key")

    def test_a_daemon_is_fed_through_the_death_of_either(self):
        relay = Relay([self.first, self.second])
        self.addCleanup(relay.listener.close)
        self.daemon = daemon = self.start_daemon(relay)
        variant = "sale"
        last = 0
        for dead in (self.first, self.second, self.first):
            dead.program.kill()
            alive = self.second if dead is self.first else self.first
            revision = self.switch(alive, variant)
            self.assertGreater(revision, last)
            seen = eventually(lambda: daemon.flag("banner")["revision"] >= revision and daemon.flag("banner"),
                              "the change arrives")
            self.assertEqual(seen["variant"], variant)
            variant, last = ("plain" if variant == "sale" else "sale"), revision
            dead.start()


class ManyWritersTest(EndToEndTest):
    def count_up(self, stores):
        """Everybody adds to one number, guarded by If-Match; the sum has to be exact."""
        done = []

        def add(number):
            store = stores[number % len(stores)]
            while True:
                current = store.api("GET", "/flags/banner")[1]
                count = current.get("metadata", {}).get("count", 0)
                status, answer = store.api(
                    "PATCH", "/flags/banner", {"metadata": {"count": count + 1}}, {"If-Match": f'"v{current["version"]}"'})
                if status == 200:
                    done.append(answer["version"])
                    return
                assert status == 412 and answer["current"]["version"] > current["version"], answer

        threads = [threading.Thread(target=add, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(done)), WRITERS)
        self.assertEqual(stores[0].api("GET", "/flags/banner")[1]["metadata"]["count"], WRITERS)
        self.assertIn("is as it was written", stores[0].command("verify"))

    def test_fifty_writers_lose_no_update_in_sqlite(self):
        self.count_up([self.start_store()])

    def test_fifty_writers_lose_no_update_on_two_replicas(self):
        postgres = Postgres()
        self.addCleanup(postgres.end)
        first = self.start_store(database=postgres.address)
        self.count_up([first, self.start_store(twin=first)])
