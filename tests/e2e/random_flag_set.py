"""Native flag sets at random, with all that docs/evaluation.md says of flags.

A rule that one thing alone lets in or keeps out has the name of that thing for an id, one of SOLE. Nothing depends on
the moment or on chance: windows are over, open or far off, and what is placed by chance has one place only.
"""
from random_context import NUMBERS, POOLS, SUBJECTS, TEXTS, Chance

TEXT = ("in", "startsWith", "endsWith", "contains", "regex")
NUMBER = ("eq", "gt", "ge", "lt", "le")
VERSION = ("semverEq", "semverGt", "semverGe", "semverLt", "semverLe", "semverCaret", "semverTilde")
OPERATORS = (*TEXT, *NUMBER, *VERSION, "before", "after", "cidr", "type", "isNull", "exists")
SEGMENTS = ("included", "excluded", "when")
SOLE = (*OPERATORS, *SEGMENTS, "window", "gate", "layer")
TYPES = ("boolean", "string", "integer", "number", "object")

KIND = {"in": "mixed", "regex": "text", "before": "instant", "after": "instant", "cidr": "address"}
KIND = {**dict.fromkeys(TEXT, "text"), **dict.fromkeys(NUMBER, "number"), **dict.fromkeys(VERSION, "version"), **KIND}
OPERANDS = {"cidr": ("10.0.0.0/8", "10.1.2.3", "10.1.2.0/31", "2001:db8::/32", "::1", "0.0.0.0/0", "::/0"),
            "regex": ("^a", "c$", "^abc$", "b.*b", "(?i)^ABC", "\\pL", "^$", "日", "[0-9]+"),
            "type": ("boolean", "number", "string", "array", "object")}
VALUES = {"boolean": (True, False), "string": TEXTS, "integer": [each for each in NUMBERS if isinstance(each, int)], "number": NUMBERS,
          "object": ({}, [], {"a": [1, 1.0, None, True, {"é": "🦀"}]}, [[], "", 0], {"": 2**63 - 1, "x": 1e300})}
PAST, FUTURE = ("1990-01-01T00:00:00Z", "2000-01-01T00:00:00Z"), ("2100-01-01T00:00:00Z", "2110-01-01T00:00:00Z")
WINDOWS = ({"to": PAST[1]}, {"from": PAST[0], "to": FUTURE[0]}, {"from": PAST[1]}, {"from": FUTURE[0]})
EVERYBODY = {"any": [{"attr": "targetingKey", "op": "exists"}, {"attr": "targetingKey", "op": "exists", "negate": True}]}
WRONG = ({"attr": "text", "op": "like", "values": ["a"]}, {"segment": "nowhere"}, {"attr": "text", "op": "regex", "values": ["("]},
         {"all": []})
FORMS = (*("rules",) * 6, "static", "targets", "required", "required", "disabled", "killed", "spared")


class RandomFlagSet:
    def __init__(self, random, count):
        self.chance = Chance(random)
        self.segments = {"included": {"included": self.chance.some(SUBJECTS, 30)}, "when": {"when": {"any": [self.test(), self.test()]}},
                         "excluded": {"excluded": self.chance.some(SUBJECTS, 30), "when": EVERYBODY}}
        for name in ("mixed-1", "mixed-2", "mixed-3"):
            self.segments[name] = {"attribute": self.chance.deal("text", "/deep/number", "targetingKey"), "when": self.condition(2),
                                   "included": self.chance.some(SUBJECTS + NUMBERS, 5), "excluded": self.chance.some(TEXTS, 5)}
        first = self.flag("static")
        self.flags = {"fixed": first, "dark": {**first, "enabled": False}, "bare": {**first, "default": {"codeDefault": True}}}
        for i in range(count):
            self.flags[f"flag-{i}"] = self.flag(self.chance.deal(*FORMS))
        self.broken = {f"broken-{i}": {**self.flag("static"), "rules": [{"when": when, "serve": {"off": True}}]} for i, when in enumerate(WRONG)}
        self.odd = {"fjørd æ/?%2F+": self.flag("targets")}

    def document(self, for_store=False):
        """A store takes neither keys that are odd nor flags that are broken."""
        flags = self.flags if for_store else {**self.flags, **self.broken, **self.odd}
        return {"environment": "production", "epoch": 1, "revision": 1, "flags": flags, "segments": self.segments}

    def test(self, op=None):
        chance, op = self.chance, op or self.chance.deal(*OPERATORS)
        kind = KIND.get(op, "mixed")
        names = (kind, f"/deep/{kind}", "mixed", "/a~1b" if kind == "text" else "é.~")
        made = {"attr": chance.some(names, 3) if chance.often(0.15) else chance.random.choices(names, (6, 3, 1, 1))[0], "op": op}
        if op not in ("isNull", "exists"):
            made["values"] = chance.some(OPERANDS.get(op, POOLS[kind]), 12 if op == "in" else 4)
        if op in TEXT and chance.often(0.4):
            made["ignoreCase"] = True
        if op in VERSION and chance.often(0.4):
            made |= {"lenient": True, "values": chance.some((*POOLS[kind], "v1.2.3", "1.2", "1"), 4)}
        if op in (*TEXT, *NUMBER, *VERSION) and chance.often(0.2):
            made |= {"asText": True, "values": [str(value) for value in made["values"]]}
        if chance.often(0.2):
            made["negate"] = True
        if op != "exists" and chance.often(0.2):
            made["onMissing"] = True
        return made

    def condition(self, depth):
        form = self.chance.deal("all", "any", "not", "segment", "window", "test", "test", "test") if depth else "test"
        if form in ("all", "any"):
            return {form: [self.condition(depth - 1) for _ in range(self.chance.random.randint(1, 3))]}
        return ({"not": self.condition(depth - 1)} if form == "not" else {"window": self.chance.deal(*WINDOWS)} if form == "window" else
                {"segment": self.chance.one_of(list(self.segments))} if form == "segment" else self.test())

    def place(self):
        """What gates and splits have in common."""
        made = {}
        if self.chance.often(0.5):
            made["bucketBy"] = self.chance.one_of(("text", "/deep/number", ["number", "targetingKey"], ["/nowhere", "mixed", "text"]))
        if self.chance.often(0.3):
            made["salt"] = self.chance.one_of(("", "sält", "s" * 300))
        return made

    def gate(self, form):
        if form == "layer":
            made = {"layer": "søk", "from": 20, "to": 70.125, **self.place()}
            made.pop("salt", None)
            return made
        return {**self.place(), **self.chance.deal({"percent": 33.333}, {"percent": 50}, {"percent": 99.999}, {"percent": 70, "algo": "unleash"},
                                                   {"percent": 0, "onMissing": "random"}, {"percent": 100, "onMissing": "random"})}

    def split(self, keys):
        chance, form = self.chance, self.chance.deal("skip", "error", "error", "variant", "random", "ramp", "unleash", "one")
        weights = [{"variant": chance.one_of(keys), "weight": weight} for weight in chance.some((0, 1, 3, 25, 1000), 4) + [7]]
        if form == "random":
            return {"onMissing": "random", "weights": weights[-1:]}
        made = {"weights": weights[-1:] if form == "one" else chance.random.sample(weights, len(weights)), **self.place()}
        if form in ("skip", "error"):
            made["onMissing"] = form
        elif form == "variant":
            made["onMissing"] = {"variant": chance.one_of(keys)}
        elif form == "unleash":
            made["algo"] = "unleash"
        elif form == "ramp":
            start, end = chance.deal(PAST, FUTURE, (PAST[0], "9999-12-31T23:59:59Z"))
            made["ramp"] = {"variant": chance.one_of(keys), "from": start, "to": end, "startWeight": 2, "endWeight": 5}
        return made

    def logic(self, one, other):
        form = self.chance.deal("if", "variable", "variable", "shorthand", 1, 2, 3)
        if form == "if":
            is_in = {"in": [{"var": "text"}, self.chance.some(TEXTS, 8)]}
            return {"jsonlogic": {"if": [is_in, one, {">": [{"var": "deep.number"}, 1]}, other, None]}}
        if form == "variable":
            return {"jsonlogic": {"var": ["mixed", one]}}
        if form == "shorthand":
            return {"jsonlogic": {"fractional": [[one, 1], [other, 1]]}}
        return {"jsonlogic": {"fractional": [{"var": "text"}, [one, 25], [other, 75]]}, "fractional": form}

    def serve(self, keys):
        form = self.chance.deal("variant", "split", "split", "split", "jsonlogic", "off", "codeDefault")
        if form == "jsonlogic":
            return self.logic(self.chance.one_of(keys), self.chance.one_of(keys))
        return {form: self.chance.one_of(keys) if form == "variant" else self.split(keys) if form == "split" else True}

    def rule(self, keys):
        chance, variant = self.chance, {"serve": {"variant": self.chance.one_of(keys)}}
        if chance.often(0.6):
            sole = chance.deal(*SOLE, "gate")
            return {"id": sole, **variant, **({"window": chance.deal(*WINDOWS)} if sole == "window" else
                                              {"gate": self.gate(sole)} if sole in ("gate", "layer") else
                                              {"when": {"segment": sole} if sole in SEGMENTS else self.test(sole)})}
        made = {"when": self.condition(3), "serve": self.serve(keys)}
        made |= {"gate": self.gate(chance.deal("gate", "gate", "layer"))} if chance.often(0.3) else {}
        made |= {"window": chance.deal(*WINDOWS)} if chance.often(0.2) else {}
        return made | chance.deal({}, {"id": "føø " * 9}, {"name": "for people"}, {"enabled": False})

    def flag(self, form):
        chance, kind = self.chance, self.chance.deal(*TYPES)
        keys = [*chance.random.sample(("on", "off", "true", "ærlig", "a", "k" * 256), chance.random.randint(1, 4))]
        made = {"type": kind, "variants": [{"key": key, "value": chance.one_of(VALUES[kind])} for key in keys]}
        if chance.often(0.2):
            made["variants"][0]["metadata"] = {"": "of the variant", "n": -0.5, "team": "of the variant"}
        if chance.often(0.7):
            made["offVariant"] = chance.one_of(keys)
        if chance.often(0.5):
            made |= {"salt": chance.one_of(("9f1c2ab8", "sält")), "metadata": {"team": "ø", "é": 1.5, "yes": True, "big": 2**53}}
        if form == "static":
            return made | {"default": {"variant": chance.one_of(keys)}}
        if chance.often(0.85):
            made["default"] = self.serve(keys)
        made["rules"] = [self.rule(keys) for _ in range(chance.random.randint(1, 4))]
        if form == "disabled":
            made["enabled"] = False
        elif form == "killed":
            made["kill"] = chance.deal({}, {"active": True, "reason": "incident"}, {"expiresAt": FUTURE[0]})
        elif form == "spared":
            made["kill"] = chance.deal({"active": False}, {"expiresAt": PAST[0]})
        elif form == "targets":
            made["targets"] = [{"variant": chance.one_of(keys), "values": chance.some(SUBJECTS, 20)},
                               {"variant": chance.one_of(keys), "attribute": "/deep/mixed", "values": chance.some(POOLS["mixed"][1:], 9)}]
        elif form == "required":
            other, wanted = chance.deal(("fixed", "any"), ("dark", "off"), ("bare", "null"), ("", "any"), ("", "off"), ("", "null"), ("", "some"))
            other = other or chance.one_of(list(self.flags)[-20:])
            some = [variant["key"] for variant in self.flags[other]["variants"]][:2]
            wanted = {"any": {}, "off": {"enabled": False}, "null": {"variants": [None]}, "some": {"variants": some}}[wanted]
            made["prerequisites"] = [{"flag": other, **wanted}]
        return made
