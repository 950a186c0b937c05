"""Contexts at random, and what flags compare them with: usual values, those at the borders of types, and wrong ones."""
TEXTS = ("", "a", "abc", "ABC", "abcabc", "Äbc", "äbc", "straße", "e\u0301", "\u00e9", "日本語", "🦀", "a\u0000b", 'say "no"\\',
         "x" * 300, "10", "true")
NUMBERS = (0, 1, -1, 10, 1.0, 1.5, -0.0, 0.1, 255, 256, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, -2**63, float(2**63), 1e300, 5e-324)
INSTANTS = ("2027-01-31T12:00:00Z", "2027-01-31T13:00:00+01:00", "2027-01-31T12:00:00.000001Z", "2027-01-31T11:59:59.999Z",
            1801396800000, 1801396800001, 0, -1, "1969-12-31T23:59:59Z", "2028-02-29T23:59:60Z", "9999-12-31T23:59:59Z")
VERSIONS = ("1.2.3", "1.2.4", "1.3.0", "1.2.3-rc.1", "1.2.3+build", "2.0.0", "2.0.0-alpha.10", "0.3.1", "0.3.2", "0.0.3", "0.0.0",
            "18446744073709551616.0.0")
ADDRESSES = ("10.1.2.3", "10.255.255.255", "11.0.0.0", "::ffff:10.1.2.3", "192.168.0.1", "2001:db8::1", "2001:db9::", "::1")
SUBJECTS = (*(f"user-{i}" for i in range(40)), "bjørn@example.com", "日本語", "1", 1, 1.5, True, -2**63)

POOLS = {"text": TEXTS, "number": NUMBERS, "instant": INSTANTS, "version": VERSIONS, "address": ADDRESSES,
         "mixed": (*TEXTS, *NUMBERS, True, False)}
SLOPPY = {"text": ("ab", "Abc"), "number": ("1", "10"), "instant": ("2027-01-31", "soon"), "version": ("v1.2.3", "1.2", "1", "01.2.3"),
          "address": ("10.1.2", "10.1.2.3/8"), "mixed": (None,)}
WRONG = (None, True, [], {}, [[1]], {"text": "a"}, "", 1, "日本語")


class Chance:
    """Choices that a seed repeats."""

    def __init__(self, random):
        self.random, self._decks = random, {}
        self.one_of = random.choice

    def often(self, share):
        return self.random.random() < share

    def some(self, choices, most):
        return [self.one_of(choices) for _ in range(self.random.randint(1, most))]

    def deal(self, *choices):
        """One of them, so that each comes equally often."""
        deck = self._decks.setdefault(repr(choices), [])
        if not deck:
            deck += self.random.sample(choices, len(choices))
        return deck.pop()


def random_context(chance):
    def attributes():
        made = {}
        for kind, pool in POOLS.items():
            form = chance.random.choices(("right", "list", "sloppy", "wrong", "missing"), (60, 10, 8, 12, 10))[0]
            if form == "list":
                made[kind] = chance.some((*pool, *WRONG), 4)
            elif form != "missing":
                made[kind] = chance.one_of({"right": pool, "sloppy": SLOPPY[kind], "wrong": WRONG}[form])
        return made

    context = {**attributes(), "": "nameless", "a/b": chance.one_of(TEXTS), "é.~": chance.one_of(NUMBERS)}
    if chance.often(0.85):
        context["deep"] = attributes() if chance.often(0.9) else "shallow"
    if chance.often(0.9):
        context["targetingKey"] = chance.one_of(SUBJECTS) if chance.often(0.9) else chance.one_of(("", None, [], {}))
    return context
