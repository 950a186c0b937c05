"""How often each reason, operator and feature of random flags decided an answer, as the engine tells it."""
import collections

from random_flag_set import SOLE, TYPES

REASONS = ("STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "ERROR")
ERRORS = ("FLAG_NOT_FOUND", "PARSE_ERROR", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "GENERAL")
KINDS = ("KILLED", "OFF", "PREREQUISITE_FAILED", "TARGET", "RULE", "FALLTHROUGH")
MEMBERS = """
    rule.window rule.when rule.gate rule.name when.all when.any when.not when.segment when.window all.test any.test not.test window.from window.to
    attr.list bucketBy.list test.ignoreCase test.lenient test.asText test.negate test.onMissing
    gate.percent gate.layer gate.algo gate.salt gate.bucketBy gate.onMissing
    serve.variant serve.split serve.jsonlogic serve.fractional serve.off serve.codeDefault
    split.onMissing onMissing.variant split.ramp split.algo split.salt split.bucketBy kill.expiresAt""".split()
REQUIRED = ("any", "variants", "null", "enabled")


def members(thing, where):
    """The members of a definition, each with the one that it stands in: "gate.percent", "test.negate" …"""
    if isinstance(thing, list):
        for each in thing:
            yield from members(each, where)
    elif isinstance(thing, dict):
        if "op" in thing:
            yield f"{where}.test"
            where = "test"
        for name, value in thing.items():
            yield f"{where}.{name}"
            if name in ("attr", "bucketBy") and isinstance(value, list):
                yield f"{name}.list"
            if name not in ("jsonlogic", "values"):
                yield from members(value, name)


def required(flag):
    """How its prerequisite, if it has one, wants the other flag to be."""
    for one in flag.get("prerequisites", ()):
        yield "null" if one.get("variants") == [None] else next((name for name in ("variants", "enabled") if name in one), "any")


def table(hits):
    """Three columns of names with how often each was hit."""
    rows = [f"{name:<42}{hits[name]:>8}" for name in sorted(hits)]
    third = -(-len(rows) // 3)
    return "\n".join("   ".join(rows[i::third]) for i in range(third))


class Coverage:
    def __init__(self):
        self.names = [*REASONS, *ERRORS, *KINDS, *MEMBERS, *(f"a value: {kind}" for kind in TYPES),
                      *(f"no value: {reason}" for reason in ("DISABLED", "TARGETING_MATCH", "DEFAULT", "ERROR")),
                      *(f"{name} {does}" for name in (*SOLE, "kill", *(f"prerequisite {form}" for form in REQUIRED)) for does in ("holds", "fails"))]
        self.hits, self.questions = collections.Counter(dict.fromkeys(self.names, 0)), 0

    def see(self, flag, answer):
        self.questions += 1
        """`flag` is None when there is none of that key."""
        kind = answer["ext"].get("kind")
        hit = [answer["reason"], answer.get("errorCode"), kind]
        hit.append(f"no value: {answer['reason']}" if answer["value"] is None else f"a value: {flag['type']}")
        if kind is not None:
            hit += self.decided(flag, kind, answer["ext"].get("ruleIndex"))
        self.hits.update(set(hit) & self.hits.keys())

    @staticmethod
    def decided(flag, kind, index):
        if "kill" in flag:
            yield f"kill {'holds' if kind == 'KILLED' else 'fails'}"
        if kind == "KILLED":
            yield from members(flag["kill"], "kill")
        if kind not in ("KILLED", "OFF"):
            yield from (f"prerequisite {form} {'fails' if kind == 'PREREQUISITE_FAILED' else 'holds'}" for form in required(flag))
        if kind in ("RULE", "FALLTHROUGH"):
            rules = flag.get("rules", [])
            yield from (f"{rule['id']} fails" for rule in rules[:index] if "id" in rule)
            if kind == "RULE":
                yield f"{rules[index].get('id')} holds"
                yield from members(rules[index], "rule")
            else:
                yield from members(flag.get("default"), "serve")

    def missed(self, least):
        return {name: self.hits[name] for name in self.names if self.hits[name] < least}
