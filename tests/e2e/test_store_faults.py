"""What the store does when its database cannot take more: answers go on, changes are refused and said so, and nothing is
lost when the trouble is over."""
import pathlib
import resource
import subprocess
import unittest

from harness import EndToEndTest, Postgres, eventually, request


class FullDiskTest(EndToEndTest):
    def test_a_full_disk_refuses_changes_answers_go_on_and_changes_come_back_with_room(self):
        store = self.start_store()
        with open(store.key_file) as key:
            sync = {"Authorization": "Bearer " + key.read().strip()}
        wal = pathlib.Path(f"{store.database}-wal")
        limits = resource.prlimit(store.program.process.pid, resource.RLIMIT_FSIZE)
        # No file may grow: for SQLite that is a disk without room.
        size = max(wal.stat().st_size, pathlib.Path(store.database).stat().st_size)
        resource.prlimit(store.program.process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))
        acknowledged, statuses = 0, []
        for i in range(60):
            status, _ = store.api("PATCH", "/flags/banner", {"description": f"{i} " + "x" * 20_000})
            statuses.append(status)
            acknowledged = i if status == 200 else acknowledged
        self.assertIn(statuses[-1], (503, 507))
        self.assertEqual(store.api("GET", "/flags/banner")[1]["description"].split()[0], str(acknowledged))
        self.assertEqual(request(store.connection(), "GET", "/sync/v1/flagset", headers=sync)[0], 200)
        self.assertEqual(request(store.connection(), "POST", "/evaluate", {"flag": "banner"}, sync)[0], 200)
        resource.prlimit(store.program.process.pid, resource.RLIMIT_FSIZE, limits)
        self.assertEqual(store.api("PATCH", "/flags/banner", {"description": "room again"})[0], 200)
        self.assertIn("as it was written", store.command("verify"))


class PostgresFaultsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.server = Postgres()
        self.addCleanup(self.server.end)
        self.store = self.start_store(database=self.server.address)

    def sql(self, *statements):
        commands = [argument for statement in statements for argument in ("-c", statement)]
        subprocess.run(["psql", "-q", "-d", self.server.address, *commands], check=True, capture_output=True)

    def change(self, text):
        return self.store.api("PATCH", "/flags/banner", {"description": text})[0]

    def end_connections(self):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")

    def evaluates(self):
        with open(self.store.key_file) as key:
            headers = {"Authorization": "Bearer " + key.read().strip()}
        return request(self.store.connection(), "POST", "/evaluate", {"flag": "banner"}, headers)[0] == 200

    def test_a_database_that_only_reads_refuses_changes_until_it_writes_again(self):
        self.assertEqual(self.change("before"), 200)
        name = self.server.address.split("?")[0].rsplit("/", 1)[1]
        self.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        self.end_connections()
        eventually(lambda: self.change("during") in (500, 503), "a change is refused")
        self.assertEqual(self.store.api("GET", "/flags/banner")[1]["description"], "before")
        self.assertTrue(self.evaluates())
        self.sql("SET default_transaction_read_only = off",
                 f"ALTER DATABASE {name} RESET default_transaction_read_only")
        self.end_connections()
        eventually(lambda: self.change("after") == 200, "a change is made")
        self.assertIn("as it was written", self.store.command("verify"))

    def test_connections_that_are_all_ended_come_back_by_themselves(self):
        for i in range(20):
            self.end_connections()
            eventually(lambda i=i: self.change(f"change {i}") == 200, "a change is made")
            self.assertTrue(self.evaluates())
        audit = self.store.api("GET", "/audit?kind=flag&key=banner&limit=500")[1]["entries"]
        made = [entry for entry in audit if entry["action"] == "update"]
        self.assertEqual(len(made), len({entry["after"]["description"] for entry in made}))


if __name__ == "__main__":
    unittest.main()
