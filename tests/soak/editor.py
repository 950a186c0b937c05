"""Who changes flags in the store, about one a second, and notes each revision in the ledger."""
import random
import threading
import time

import flag_set
from ledger import Wrong

PAUSE = (0.5, 1.5)  # seconds between two changes


class Editor(threading.Thread):
    def __init__(self, installation, ledger, tally, seed):
        super().__init__(daemon=True)
        self.installation, self.ledger, self.tally = installation, ledger, tally
        self.random = random.Random(f"editor {seed}")
        self.ended = threading.Event()

    def run(self):
        number = 0
        while not self.ended.wait(self.random.uniform(*PAUSE)):
            number += 1
            try:
                self.change(number)
            except Wrong as wrong:
                return self.tally.fail(f"change {number}: {wrong}")  # nothing can be compared after it

    def change(self, number):
        flag, configuration, following = flag_set.change(self.ledger.state, number)
        before = self.ledger.newest
        self.ledger.begin(following)
        try:
            status, answer = self.installation.store.api("PUT", f"/environments/production/flags/{flag}", configuration)
        except (OSError, ValueError):  # killed before or after it was made
            status, answer = None, None
        if status == 200:
            revision = answer["revision"]
        elif status is None or status >= 500:
            revision = self.ask()
        else:
            raise Wrong(f"the store answers {status}: {answer}")
        if revision is None:
            return
        self.ledger.settle(revision)
        made = revision > before
        self.tally.changes += made
        self.tally.lost_changes += not made

    def ask(self):
        """The store's revision, as soon as it answers again; None at the end of the run."""
        while not self.ended.is_set():
            revision = self.installation.store_revision()
            if revision is not None:
                return revision
            time.sleep(0.05)
        return None

    def end(self):
        self.ended.set()
        self.join()
