"""The flags and questions that every peer is measured with, in no peer's format, and the answers they must give.

Of a hundred flags 60 are static, 25 have one condition, 15 have nested conditions and a percentage for the rest. What a
percentage answers depends on a product's own hash, so an expectation is True, False, or None: "placed by hash", which is
compared by its share alone.
"""
import json
import random

SEED = 42
SIZES = (10, 1_000, 10_000, 100_000)  # of data sets
FLAGS = 10_000  # unless told
FEW = 100  # of the questions for all flags
QUESTIONS = 4_096
PERCENT = 25  # of the subjects that the percentage of a flag turns on
TIERS = ["free", "team", "business", "enterprise"]
ROLES = ["guest", "member", "editor", "admin"]
REGIONS = [f"region-{i:02}" for i in range(16)]
CONTEXT_BYTES = 128  # of each, as JSON: the echo server answers requests of one size


class Flag:
    """`kind`: static, one or nested. `regions`, `tiers`, `role` and `score` are what its conditions name."""

    def __init__(self, index, rng):
        self.key = f"flag-{index:05}"
        place = index * 37 % 100  # mixed, and a small set has the same shares
        self.kind = "static" if place < 60 else "one" if place < 85 else "nested"
        self.is_on = rng.random() < 0.5
        first = rng.randrange(len(REGIONS))
        self.regions = [REGIONS[(first + i) % len(REGIONS)] for i in range(4)]
        self.tiers = rng.sample(TIERS, 2)
        self.role = rng.choice(ROLES)
        self.score = rng.randrange(20, 80)

    def expected(self, context):
        if self.kind == "static":
            return self.is_on
        if self.kind == "one":
            return context["region"] in self.regions
        holds = (context["tier"] in self.tiers and context["score"] >= self.score
                 and (context["role"] == self.role or context["region"] in self.regions))
        return True if holds else None


class Data:
    """`flags`, of which `few` begin the list, and `questions`: pairs of a flag and a context."""

    def __init__(self, flags=FLAGS, questions=QUESTIONS):
        rng = random.Random(SEED)
        self.flags = [Flag(i, rng) for i in range(flags)]
        self.few = self.flags[:FEW]
        self.questions = [(rng.choice(self.flags), make_context(rng)) for _ in range(questions)]

    def expected(self):
        """Of each question key, context and answer; null when a hash places it."""
        return [[flag.key, context, flag.expected(context)] for flag, context in self.questions]


def make_context(rng):
    return {"targetingKey": f"user-{rng.randrange(1024):04}", "tier": rng.choice(TIERS), "role": rng.choice(ROLES),
            "region": rng.choice(REGIONS), "score": rng.randrange(100)}


def padded(value):
    """Compact JSON of one size for all contexts, by spaces at the end, which JSON allows."""
    return json.dumps(value, separators=(",", ":")).ljust(CONTEXT_BYTES + 14)


def check(name, expected, answered):
    """None when the answers are right, else what is not: a reason to print no number for `name`.

    Both are lists of the same questions; the share of what a hash placed may be off by what chance explains."""
    if len(expected) != len(answered):
        return f"{name} gives {len(answered)} answers to {len(expected)} questions"
    wrong = [i for i, (want, got) in enumerate(zip(expected, answered)) if want is not None and want != got]
    if wrong:
        return f"{name} answers {len(wrong)} of {len(expected)} questions differently, the first is {wrong[0]}"
    placed = [got for want, got in zip(expected, answered) if want is None]
    if len(placed) >= 200 and abs(sum(placed) / len(placed) - PERCENT / 100) > 0.1:
        return f"{name}: a share of {PERCENT} % is {100 * sum(placed) / len(placed):.0f} %"
    return None
