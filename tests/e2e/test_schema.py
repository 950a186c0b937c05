"""config/flag-set.schema.json says what the programs read: the same documents, the same members."""
import json
import re
import subprocess
import unittest

import jsonschema

from harness import BIN, ROOT

SCHEMA = json.loads((ROOT / "config" / "flag-set.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
VARIANTS = [{"key": "on", "value": True}, {"key": "off", "value": False}]
WEIGHTS = [{"variant": "on", "weight": 1}]


def lint(document, *options):
    done = subprocess.run([BIN / "pennon", "lint", "--json", *options, "-"], input=json.dumps(document), text=True,
                          capture_output=True, timeout=60, check=False)
    return json.loads(done.stdout)["findings"]


def document_of(flags, segments=None):
    return {"environment": "e", "flags": flags, "segments": segments or {}}


def flag(**members):
    return {"type": "boolean", "variants": VARIANTS, **members}


def rule(**members):
    return flag(rules=[{"serve": {"variant": "on"}, **members}])


def when(condition):
    return rule(when=condition)


def test_of(op, *values, **members):
    return when({"attr": "a", "op": op, "values": list(values), **members})


def split(**members):
    return flag(default={"split": {"weights": WEIGHTS, **members}})


def wrong_flags():
    yield from ("nonsense", None, [], {}, {"type": "boolean"}, {"variants": VARIANTS})
    yield from (flag(type="colour"), flag(type=None), flag(variants=[]), flag(variants=None), flag(extra=1))
    for kind, value in (("boolean", 1), ("string", True), ("integer", 1.5), ("number", "1"), ("object", "x"),
                        ("boolean", None), ("integer", "1")):
        yield {"type": kind, "variants": [{"key": "a", "value": value}]}
    yield from ({"type": "boolean", "variants": [one]} for one in
                ({"key": "", "value": True}, {"key": "k" * 257, "value": True}, {"key": "a"}, {"value": True},
                 {"key": 1, "value": True}, {"key": "a", "value": True, "weight": 1}))
    yield {"type": "object", "schema": [], "variants": [{"key": "a", "value": {}}]}
    yield from (flag(enabled="yes"), flag(enabled=1), flag(offVariant=1), flag(salt=1), flag(tags="a"), flag(tags=[1]),
                flag(name=1), flag(description=[]), flag(owner={}))
    yield from (flag(metadata=[]), flag(metadata={"a": {}}), flag(metadata={"a": None}),
                flag(metadata={"pennon.kind": "x"}))
    yield from (flag(kill=True), flag(kill={"active": 1}), flag(kill={"until": 1}), flag(kill={"expiresAt": "soon"}),
                flag(kill={"expiresAt": 1.5}))
    yield from (flag(prerequisites=[one]) for one in
                ("other", {}, {"flag": 1}, {"flag": "other", "variants": "on"}, {"flag": "other", "is": 1},
                 {"flag": "other", "enabled": False, "variants": ["on"]}))
    yield from (flag(targets=[one]) for one in
                ({}, {"values": ["u"]}, {"variant": "on", "values": "u"}, {"variant": "on", "values": [{}]},
                 {"variant": "on", "values": [None]}, {"variant": "on", "attribute": ""},
                 {"variant": "on", "keys": ["u"]}))
    yield from (flag(rules={}), flag(rules=[{}]), flag(rules=[None]), rule(serve=None), rule(enabled=0), rule(id=1),
                rule(id="i" * 257), rule(then=1), rule(window={}), rule(window={"from": None}),
                rule(window={"from": "today"}), rule(window={"since": 1}), rule(window=[]))
    yield from (flag(default=one) for one in
                ("on", {}, {"variant": "on", "off": True}, {"off": False}, {"codeDefault": False}, {"variant": 1},
                 {"variant": "on", "off": False}, {"off": True, "codeDefault": True},
                 {"jsonlogic": "on", "variant": "on"}, {"jsonlogic": "on", "fractional": 4},
                 {"variant": "on", "fractional": 1}, {"split": []}, {"serve": "on"}))
    yield from (split(weights=[]), split(weights=None), split(weights=[{"variant": "on"}]),
                split(weights=[{"variant": "on", "weight": -1}]), split(weights=[{"variant": "on", "weight": 0.5}]),
                split(weights=[{"variant": "on", "weight": 2 ** 31}]), split(weights=[{"weight": 1}]),
                split(weights={"on": 1}), split(bucketBy=1), split(bucketBy=[]), split(bucketBy=["a"] * 17),
                split(bucketBy=""), split(algo="md5"), split(salt=1), split(onMissing="ignore"), split(onMissing={}),
                split(onMissing={"variant": 1}), split(onMissing=True), split(share=1))
    ramp = {"variant": "on", "from": 1, "to": 2, "startWeight": 0, "endWeight": 1}
    for name in ramp:
        yield split(ramp={other: value for other, value in ramp.items() if other != name})
    yield from (split(ramp={**ramp, "from": "x"}), split(ramp={**ramp, "endWeight": -1}), split(ramp={**ramp, "a": 1}))
    yield from (rule(gate=one) for one in
                ({}, {"percent": -1}, {"percent": 100.5}, {"percent": "5"}, {"percent": None}, {"layer": "l"},
                 {"layer": "l", "from": 0}, {"layer": "l", "from": 0, "to": 10, "percent": 5},
                 {"layer": "l", "from": 0, "to": 10, "salt": "s"}, {"percent": 5, "from": 1}, {"percent": 5, "a": 1},
                 {"layer": "l", "from": 0, "to": 101}, {"percent": 5, "algo": "md5"}))
    leaf = {"attr": "a", "op": "in", "values": [1]}
    yield from (when(one) for one in
                ("a", [], {}, {"all": []}, {"any": []}, {"not": []}, {"not": {}}, {"all": [leaf], "any": [leaf]},
                 {"all": leaf}, {"all": ["a"]}, {"segment": 1}, {"segment": "s", "negate": True}, {"attr": "a"},
                 {"op": "in"}, {**leaf, "attr": ""}, {**leaf, "attr": 1}, {**leaf, "op": "IN"}, {**leaf, "value": 1},
                 {**leaf, "values": 1}, {**leaf, "values": [[1]]}, {**leaf, "values": [None]}, {**leaf, "negate": 1},
                 {**leaf, "not": leaf}))
    for op in ("startsWith", "endsWith", "contains", "regex", "semverEq", "semverCaret", "cidr", "type"):
        yield from (test_of(op), test_of(op, 5), test_of(op, None))
    for op in ("eq", "gt", "ge", "lt", "le"):
        yield from (test_of(op), test_of(op, "5"), test_of(op, True))
    yield from (test_of("before"), test_of("after", "soon"), test_of("after", True), test_of("type", "text"),
                test_of("regex", "x" * 1025), test_of("isNull", 1), test_of("exists", "x"))


def right_flags():
    yield from (flag(), flag(enabled=None, kill=None, rules=None, default=None, metadata=None, tags=None))
    yield from (flag(kill={}), flag(kill={"expiresAt": None}), flag(kill={"active": False, "expiresAt": "2027-01-31T12:00:00Z", "reason": "r"}))
    yield from (flag(default={"off": True}), flag(default={"codeDefault": True, "split": None}))
    yield from (flag(default={"jsonlogic": "on"}), flag(default={"jsonlogic": None, "fractional": 3}))
    yield from (split(onMissing={"variant": "on"}), split(bucketBy=["a", "/b/c"]), split(algo="native", salt="s"))
    yield rule(gate={"percent": 0.001, "bucketBy": "company"}, window={"to": 0})
    yield rule(gate={"layer": "l", "from": 0, "to": 12.5}, name="n", id="", enabled=False)
    yield from (test_of("in"), test_of("in", 1, "a", True), when({"attr": "a", "op": "exists"}))
    yield from (test_of("type", "array"), test_of("regex", "^a"), test_of("semverTilde", "1", lenient=True))
    yield from (split(onMissing="random", algo="unleash"), rule(gate={"percent": 5, "onMissing": "random"}))
    yield from (when({"window": {"from": 1}}), when({"attr": ["a", "b"], "op": "in", "values": ["1"], "asText": True}))
    yield {"type": "boolean", "variants": [{"key": "a", "value": True, "metadata": {"x": 1}}]}
    yield when({"all": [{"not": {"any": [{"attr": "/a/b", "op": "isNull"}]}}, {"attr": "b", "op": "exists"}]})
    yield {"type": "object", "schema": {"required": ["x"]}, "variants": [{"key": "a", "value": {"x": 1}}]}
    yield {"type": "object", "variants": [{"key": "a", "value": []}, {"key": "b", "value": {"deep": [None]}}]}


def member_sets(schema):
    """The sets of member names of every closed object in the schema."""
    if isinstance(schema, dict):
        if "additionalProperties" in schema and isinstance(schema.get("properties"), dict):
            yield frozenset(schema["properties"])
        for inner in schema.values():
            yield from member_sets(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from member_sets(inner)


class SchemaTest(unittest.TestCase):
    def assert_valid(self, document):
        errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
                  for error in VALIDATOR.iter_errors(document)]
        self.assertEqual(errors, [])

    def test_it_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_the_example_satisfies_it_and_names_it(self):
        example = ROOT / "config" / "example-flags.json"
        document = json.loads(example.read_text())
        self.assert_valid(document)
        self.assertEqual((example.parent / document["$schema"]).resolve(), ROOT / "config" / "flag-set.schema.json")

    def test_every_definition_of_the_contract_that_compiles_satisfies_it(self):
        files = sorted((ROOT / "tests" / "contract" / "rows").glob("*.json"))
        self.assertTrue(files)
        for path in files:
            rows = json.loads(path.read_text())
            findings = lint(document_of(rows["flags"], rows.get("segments")))
            for kind in ("flags", "segments"):
                sound = {key: definition for key, definition in rows.get(kind, {}).items()
                         if not any(one["path"].startswith(f"{kind}.{key}") for one in findings)}
                with self.subTest(path.name, kind=kind):
                    self.assert_valid(document_of(**{"flags": {}, kind: sound}))

    def test_right_flags_satisfy_schema_and_programs(self):
        for definition in right_flags():
            with self.subTest(definition=json.dumps(definition)):
                self.assert_valid(document_of({"f": definition}))
                self.assertEqual(lint(document_of({"f": definition})), [])

    def test_wrong_flags_satisfy_neither_schema_nor_programs(self):
        wrong = {f"f{index}": definition for index, definition in enumerate(wrong_flags())}
        named = {one["path"].split(".")[1] for one in lint(document_of({"other": flag(), **wrong}))}
        for key, definition in wrong.items():
            with self.subTest(definition=json.dumps(definition)):
                self.assertFalse(VALIDATOR.is_valid(document_of({"other": flag(), "f": definition})), "the schema")
                self.assertIn(key, named, "pennon lint")

    def test_wrong_documents_satisfy_neither(self):
        for document in ({}, [], "x", None, {"flags": {}}, {"environment": "e"}, {"environment": 1, "flags": {}},
                         {"environment": "e", "flags": []}, {"environment": "e", "flags": {}, "x": 1},
                         {"environment": "e", "flags": {}, "segments": []}, {"environment": "e", "flags": {"": flag()}},
                         {"environment": "e", "flags": {}, "revision": -1}, {"environment": "e", "flags": {}, "epoch": "1"},
                         document_of({}, {"s": {"included": "u"}}), document_of({}, {"s": {"members": []}}),
                         document_of({}, {"s": {"when": {}}}), document_of({}, {"s": {"attribute": ""}})):
            with self.subTest(document=json.dumps(document)):
                self.assertFalse(VALIDATOR.is_valid(document), "the schema")
                self.assertTrue(lint(document), "pennon lint")

    def test_it_has_exactly_the_members_that_the_reader_knows(self):
        leaf = {"attr": "a", "op": "exists", "?": 1}
        serve = {"jsonlogic": None, "?": 1}
        places = [{**document_of({}), "?": 1}] + [document_of({"f": one}) for one in (
            flag(**{"?": 1}), {"type": "boolean", "variants": [{**VARIANTS[0], "?": 1}]}, flag(kill={"?": 1}),
            flag(prerequisites=[{"flag": "x", "?": 1}]), flag(targets=[{"variant": "on", "?": 1}]), rule(**{"?": 1}),
            rule(window={"from": 1, "?": 1}), rule(gate={"percent": 1, "?": 1}), flag(default=serve),
            rule(gate={"layer": "l", "from": 1, "to": 2, "?": 1}), split(**{"?": 1}),
            split(weights=[{**WEIGHTS[0], "?": 1}]), split(onMissing={"variant": "on", "?": 1}),
            split(ramp={"variant": "on", "from": 1, "to": 2, "startWeight": 0, "endWeight": 1, "?": 1}), when(leaf),
            when({"all": [], "?": 1}), when({"any": [], "?": 1}), when({"segment": "s", "?": 1}), when({"window": {"from": 1}, "?": 1}),
            when({"not": {"segment": "s"}, "?": 1}))] + [document_of({}, {"s": {"?": 1}})]
        known = set()
        for document in places:
            message = lint(document)[0]["message"]
            self.assertIn("known are", message, document)
            known.add(frozenset(re.split(r",? ", message.split("known are ")[1])))
        self.assertEqual(known, set(member_sets(SCHEMA)))


if __name__ == "__main__":
    unittest.main()
