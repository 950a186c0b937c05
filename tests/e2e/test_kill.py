"""kill -9 of daemons while they sync: a cache holds an old or the new revision, whole, and what was kept stays.

PENNON_KILLS says how many times (40 unless told; `./test kill` takes 500), PENNON_KILL_JOBS how many daemons are at
it at once, PENNON_KILL_SEED which moments are drawn. The share of kills that fall inside a transaction of the cache is
printed, and must be a fifth at least in a run that is long enough for the daemons' waits to find out what the disk needs.
"""
import multiprocessing
import os
import unittest

from harness import EndToEndTest, Progress
from killed_daemon import kill_again_and_again

KILLS = int(os.environ.get("PENNON_KILLS", "40"))
# A life is mostly waiting: for the settling of a set, for a moment to come.
JOBS = min(KILLS, int(os.environ.get("PENNON_KILL_JOBS", 6 * os.cpu_count())))
LONG_RUN = 40 * JOBS
SEED = int(os.environ.get("PENNON_KILL_SEED", 20260101))


class KillTest(EndToEndTest):
    def test_every_kill_leaves_an_old_or_the_new_revision_whole(self):
        forked = multiprocessing.get_context("fork")
        tally = forked.Array("l", 2 * JOBS, lock=False)
        failures = forked.SimpleQueue()
        workers = [forked.Process(target=kill_again_and_again, daemon=True, args=(
            str(self.folder("kill") / str(job)), 1000 * SEED + job, KILLS // JOBS + (job < KILLS % JOBS), tally, job, failures))
            for job in range(JOBS)]
        for worker in workers:
            worker.start()
        progress = Progress()
        while any(worker.is_alive() for worker in workers) and failures.empty():
            next((one for one in workers if one.is_alive()), workers[0]).join(0.5)
            progress(self.said(tally))
        for worker in workers:
            if not failures.empty():
                worker.terminate()
            worker.join()
        self.assertTrue(failures.empty(), "" if failures.empty() else failures.get())
        progress.end(self.said(tally))
        self.assertEqual(sum(tally[::2]), KILLS)
        if KILLS >= LONG_RUN:
            self.assertGreaterEqual(sum(tally[1::2]), KILLS // 5)

    @staticmethod
    def said(tally):
        kills, inside = sum(tally[::2]), sum(tally[1::2])
        return f"{kills} kills, {inside} ({100 * inside // max(kills, 1)} %) inside a transaction of the cache"


if __name__ == "__main__":
    unittest.main()
