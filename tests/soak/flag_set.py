"""The flags of a soak: a document, changes of it, and what each flag answers after any of them.

A state of the set is told by few things, so that the right answer needs no second engine: which value `step` serves
and which country `audience` serves. The split of `share` never changes, so neither may anybody's share; what that is,
is asked once at the beginning.
"""
import collections

STEPS = 16
COUNTRIES = ("NO", "SE")
USERS = tuple(f"user-{number}" for number in range(10))
FILLERS = 200  # makes the set, its cache and its deltas as large as a small installation's
LIMITS = {"results": 100, "nested": {"list": [1, 2.5, "three", None, True]}}

State = collections.namedtuple("State", "step country")
FIRST = State(0, "NO")


def variants(**values):
    return [{"key": key, "value": value} for key, value in values.items()]


def step(state):
    return {"enabled": True, "default": {"variant": f"v{state.step}"}}


def audience(state):
    return {"enabled": True, "default": {"variant": "out"},
            "rules": [{"id": "at-home", "when": {"attr": "country", "op": "in", "values": [state.country]},
                       "serve": {"variant": "in"}}]}


def document():
    flags = {
        "step": {"type": "integer", "variants": variants(**{f"v{n}": n for n in range(STEPS)}), **step(FIRST)},
        "audience": {"type": "string", "variants": variants(**{"in": "in", "out": "out"}), **audience(FIRST)},
        "guarded": {"type": "boolean", "variants": variants(open=True, closed=False), "offVariant": "closed",
                    "prerequisites": [{"flag": "audience", "variants": ["in"]}], "default": {"variant": "open"}},
        "share": {"type": "string", "variants": variants(a="A", b="B"), "salt": "soak",
                  "default": {"split": {"weights": [{"variant": "a", "weight": 25}, {"variant": "b", "weight": 75}]}}},
        "limits": {"type": "object", "variants": variants(all=LIMITS), "default": {"variant": "all"}}}
    for number in range(FILLERS):
        flags[f"filler-{number:03}"] = {"type": "integer", "variants": variants(v=number), "default": {"variant": "v"}}
    return {"environment": "production", "flags": flags}


KEYS = tuple(document()["flags"])


def change(state, number):
    """(flag, its new configuration, the state it leads to) of the change of that number."""
    if number % 3 == 0:
        following = state._replace(country=COUNTRIES[1 - COUNTRIES.index(state.country)])
        return "audience", audience(following), following
    following = state._replace(step=(state.step + 1) % STEPS)
    return "step", step(following), following


def context(number):
    """The question of that number asks for this user; four in five are in a country that rules know."""
    return {"targetingKey": USERS[number % len(USERS)], "country": ("NO", "SE", "NO", "SE", "US")[number % 5]}


def answer(state, shares, key, who):
    """What the flag must answer to the context `who`."""
    if key.startswith("filler-"):
        return int(key[7:])
    is_in = who["country"] == state.country
    return {"step": state.step, "audience": "in" if is_in else "out", "guarded": is_in, "limits": LIMITS,
            "share": shares.get(who["targetingKey"])}[key]
