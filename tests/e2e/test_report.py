"""What a daemon tells its upstream of itself: what it applied or refused, and what was evaluated."""
import collections

from harness import EndToEndTest, eventually
from sync_server import SyncServer
from test_sync import flag, metric

FAST = ["--report-interval", "200ms"]


def evaluations(reports, status=204):
    """Of the batches that were taken, each once, by flag and variant."""
    batches = {batch["id"]: batch for got, report in reports if got == status for batch in report["usage"]}
    counts = collections.Counter()
    for batch in batches.values():
        for count in batch["counts"]:
            counts[count["flag"], count["variant"]] += count["evaluations"]
    return counts


class ReportTest(EndToEndTest):
    def start_server(self, flags):
        server = SyncServer(self.folder("store"))
        self.addCleanup(server.stop)
        server.publish(1, flags)
        return server

    def test_a_real_store_learns_what_is_in_force_and_what_is_used(self):
        store = self.start_store()
        daemon = self.start_daemon(store, FAST)
        eventually(lambda: daemon.flag("banner")["source"] == "live", "the daemon is live")
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the change is answered")

        def fleet():
            return store.api("GET", "/environments/production/fleet")[1]["daemons"]

        eventually(lambda: [one["revision"] for one in fleet()] == [revision], "the store knows")
        instance = fleet()[0]["instance"]
        for _ in range(50):
            daemon.flag("banner")

        def used():
            hours = store.api("GET", "/environments/production/flags/banner/usage")[1]["hours"]
            return sum(hour["evaluations"] for hour in hours if (hour["variant"], hour["reason"]) == ("sale", "STATIC"))

        eventually(lambda: used() >= 51, "the evaluations are counted")
        daemon.program.terminate()
        daemon.start()
        eventually(lambda: metric(daemon, "pennon_reports_total") >= 1, "it reports again")
        self.assertEqual([one["instance"] for one in fleet()], [instance])

    def test_a_refused_set_is_told_with_its_reason_and_what_is_in_force(self):
        server = self.start_server({"a": flag(1)})
        daemon = self.start_daemon(server, FAST)
        eventually(lambda: any(report["revision"] == 1 for _, report in server.reports), "it is told")
        server.publish(2, {})
        told = eventually(lambda: [report for _, report in server.reports if report["refused"]], "it is told")
        self.assertIn("pennon accept", told[0]["refused"])
        self.assertEqual(told[0]["revision"], 1)
        server.publish(3, {"a": flag(3)})
        eventually(lambda: server.reports[-1][1]["revision"] == 3 and not server.reports[-1][1]["refused"],
                   "it is well again")
        self.assertEqual(daemon.environment()["revision"], 3)

    def test_usage_that_is_not_taken_is_sent_again_and_counts_once_also_after_a_restart(self):
        server = self.start_server({"a": flag(1)})
        server.report_status = lambda report: (503, 429)[len(server.reports) % 2]
        daemon = self.start_daemon(server, FAST)
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        for _ in range(20):
            daemon.flag("a")
        eventually(lambda: metric(daemon, "pennon_reports_failed_total") >= 3, "reports fail")
        for _ in range(20):
            daemon.flag("a")
        daemon.program.terminate()
        server.report_status = 204
        daemon.start()
        eventually(lambda: metric(daemon, "pennon_usage_waiting") == 0 and
                   metric(daemon, "pennon_reports_total") >= 1, "all is sent")
        eventually(lambda: evaluations(server.reports)["a", "v"] == 40, lambda: server.reports[-3:])
        self.assertEqual(metric(daemon, "pennon_usage_lost_total"), 0)
        self.assertEqual(len({report["instance"] for _, report in server.reports}), 1)

    def test_a_report_that_is_never_taken_does_not_block_those_behind_it(self):
        server = self.start_server({"a": flag(1)})
        daemon = self.start_daemon(server, FAST)
        eventually(lambda: daemon.environment()["state"] == "live", "it is live")
        server.report_status = 413
        for _ in range(5):
            daemon.flag("a")
        eventually(lambda: metric(daemon, "pennon_usage_lost_total") == 5, "it is given up")
        server.report_status = 204
        daemon.flag("a")
        eventually(lambda: evaluations(server.reports)["a", "v"] == 1, "the next is taken")

    def test_of_batches_that_are_refused_together_only_the_bad_one_is_lost(self):
        server = self.start_server({"a": flag(1)})
        server.report_status = 503
        daemon = self.start_daemon(server, FAST)
        for times in (1, 10, 100):  # a batch of each process
            eventually(lambda: daemon.environment()["state"] == "live", "it is live")
            for _ in range(times):
                daemon.flag("a")
            daemon.program.terminate()
            if times == 100:
                server.report_status = lambda report: 422 if any(
                    count["evaluations"] == 10 for batch in report["usage"] for count in batch["counts"]) else 204
            daemon.start()
        eventually(lambda: metric(daemon, "pennon_usage_waiting") == 0, "all is sent or lost")
        self.assertEqual(evaluations(server.reports)["a", "v"], 101)
        self.assertEqual(metric(daemon, "pennon_usage_lost_total"), 10)

    def test_reports_can_be_switched_off(self):
        server = self.start_server({"a": flag(1)})
        daemon = self.start_daemon(server, ["--report-enabled", "false"])
        before = server.requests
        eventually(lambda: server.requests > before + 5, "it polls")
        self.assertEqual(server.reports, [])
        self.assertIsNone(metric(daemon, "pennon_reports_total"))
