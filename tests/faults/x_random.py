"""Row X05: any three faults, begun and ended in any order while revisions are published."""
import concurrent.futures
import random
import traceback

from fault_test import *
from host_kinds import HOST_KINDS
from upstream_kinds import UPSTREAM_KINDS
from watched_daemon import WatchedDaemon

KINDS = UPSTREAM_KINDS | HOST_KINDS
STEPS = 7
JOBS = 4  # seeds at a time: most of their time is waiting


class Schedule:
    def __init__(self, seed):
        chance = random.Random(f"schedule {seed}")
        self.steps = [[] for _ in range(STEPS)]
        self.at = "the begin"
        told = []
        for name in chance.sample(sorted(KINDS), 3):
            begin = chance.randrange(STEPS - 2)
            end = chance.randrange(begin + 1, STEPS)
            self.steps[begin].append(name)
            self.steps[end].append(name)
            told.append(f"{name} from step {begin} to {end}")
        for step in self.steps:
            step += ["publish"] * (chance.random() < 0.6)
            chance.shuffle(step)
        self.told = f"PENNON_FAULTS_SEED={seed}: " + ", ".join(told)

    def run(self, watched):
        faults = {}
        watched.settle()
        for number, step in enumerate(self.steps):
            for what in step:
                self.at = f"step {number}, {what}"
                if what == "publish":
                    watched.publish()
                elif what in faults:
                    faults.pop(what).__exit__(None, None, None)
                else:
                    faults[what] = KINDS[what](watched)
                    faults[what].__enter__()
            self.at = f"step {number}"
            watched.last()
        self.at = "the end"
        watched.get_well()


class RandomTest(FaultTest):
    def run_seed(self, seed):
        """What went wrong, or nothing."""
        schedule, watched = Schedule(seed), None
        folder = self.folder(str(seed))
        try:
            watched = WatchedDaemon(folder, seed)
            schedule.run(watched)
        except Exception as failure:
            why = "".join(traceback.format_exception(failure)[-2:])
            return f"{schedule.told}; failed at {schedule.at}\n{why}\n{watched.daemon.program.log[-6000:] if watched else ''}"
        finally:
            if watched:
                watched.give_up()
            shutil.rmtree(folder, ignore_errors=True)

    @slow
    def test_X05_any_three_faults_in_any_order_make_no_answer_wrong_and_are_got_over(self):
        self.failing_calls()  # or it is skipped
        first = count("SEED", 1)
        seeds = range(first, first + count("SEEDS", 1 if "PENNON_FAULTS_SEED" in os.environ else 40))
        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            failures = [failure for failure in pool.map(self.run_seed, seeds) if failure]
        if failures:
            self.fail(f"{len(failures)} of {len(seeds)} seeds\n" + "\n".join(failures))
