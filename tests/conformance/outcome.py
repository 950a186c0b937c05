"""What a suite came to."""
import json

_SHOWN = 20
_WIDTH = 2000


class Outcome:
    def __init__(self, suite, total):
        self.suite = suite
        self.total = total  # cases that the suite is known to have; another number is a failure
        self.passed = 0
        self.failures = []
        self.absent = ""  # why it did not run

    def record(self, name, asked, expected, got, passed):
        if passed:
            self.passed += 1
        else:
            self.failures.append((name, asked, expected, got))

    @property
    def ran(self):
        return self.passed + len(self.failures)

    @property
    def complete(self):
        return not self.absent and not self.failures and self.ran == (self.total or self.ran)

    def row(self):
        if self.absent:
            return f"{self.suite:<32} {'not run':>12}  {self.absent}"
        remark = "" if self.ran == (self.total or self.ran) else f"  expected {self.total} cases"
        return f"{self.suite:<32} {f'{self.passed}/{self.ran}':>12}{remark}"

    def explain(self):
        for name, asked, expected, got in self.failures[:_SHOWN]:
            print(f"\n{self.suite}: {name}")
            for what, value in (("input", asked), ("expected", expected), ("got", got)):
                print(f"  {what:<9}{json.dumps(value, ensure_ascii=False)[:_WIDTH]}")
        if len(self.failures) > _SHOWN:
            print(f"\n{self.suite}: {len(self.failures) - _SHOWN} more failures")
