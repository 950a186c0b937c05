"""The suites: each a function that asks an engine all its cases."""
import json
import pathlib

from engine import same
from outcome import Outcome

HERE = pathlib.Path(__file__).parent


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def native_rows(engine):
    """The rows of tests/contract/rows, ours."""
    outcome = Outcome("native contract rows", None)
    for path in sorted((HERE.parent / "contract" / "rows").glob("*.json")):
        file = read(path)
        doc = {part: file[part] for part in ("flags", "segments") if part in file}
        engine.ask("load", format=file.get("format", "native"), doc=doc,
                   options=file.get("options", {}))
        for row in file["rows"]:
            expected = row["expect"]
            asked = {"flag": row["flag"], "context": row.get("context", {}), "type": "any",
                     "now": row.get("now"), "default": None}
            got = engine.ask("eval", **asked)
            outcome.record(f"{path.stem}: {row['name']}", asked, expected, got,
                           same(got.get("value"), expected.get("value")) and
                           (got.get("variant") or "") == expected.get("variant", "") and
                           got.get("reason") == expected["reason"] and
                           got.get("errorCode", "") == expected.get("errorCode", "") and
                           got.get("ext", {}).get("kind", "") == expected.get("kind", ""))
    return outcome


def unleash(engine, root):
    """Unleash's client-specification."""
    outcome = Outcome("Unleash client-specification", 279)
    folder = root / "specifications"
    for name in read(folder / "index.json"):
        file = read(folder / name)
        loaded = engine.ask("load", format="unleash", doc=file["state"])
        for kind, cases in (("enabled", "tests"), ("variant", "variantTests")):
            for case in file.get(cases, []):
                asked = {"flag": case["toggleName"], "kind": kind, "context": case["context"],
                         "default": None}
                got = engine.ask("eval", **asked) if loaded.get("ok") else loaded
                expected = case["expectedResult"]
                outcome.record(f"{name}: {case['description']}", asked, expected, got,
                               "value" in got and same(got["value"], expected))
    return outcome


def jsonlogic(engine, root):
    """The classic tests of jsonlogic.com, in compatible.json."""
    outcome = Outcome("JSONLogic compatible.json", 278)
    for case in read(root / "suites" / "compatible.json"):
        if isinstance(case, str):
            continue  # a heading
        asked = {"rule": case["rule"], "data": case.get("data")}
        got = engine.ask("jsonlogic", **asked)
        outcome.record(case.get("description", ""), asked, case["result"], got,
                       "result" in got and same(got["result"], case["result"]))
    return outcome


def document_of(targeting):
    """A flagd document with this one rule, and with something for all that it refers to."""
    evaluators = {}

    def visit(node):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            evaluators[node["$ref"]] = {"==": [1, 1]}
        for part in node.values() if isinstance(node, dict) else node:
            if isinstance(part, (dict, list)):
                visit(part)

    visit(targeting)
    return {"flags": {"flag": {"state": "ENABLED", "variants": {"a": "a"}, "defaultVariant": "a",
                               "targeting": targeting}},
            "$evaluators": evaluators}


def flagd_schemas(engine, root):
    """flagd's documents: positives load without a word, negatives are refused or diagnosed."""
    outcome = Outcome("flagd-schemas", None)
    for path in sorted((root / "json" / "test").glob("*/*/*.json")):
        form, side = path.parts[-3:-1]
        text = path.read_text(encoding="utf-8")
        if form == "targeting":
            text = json.dumps(document_of(json.loads(text)))
        loaded = engine.ask("load", format="flagd", doc=text)
        silent = loaded.get("ok") and not loaded["warnings"]
        # Flags as an array stand on both sides: the form of the daemon, flagd.json, has them.
        wants_silence = side == "positive" or path.name == "with-array-flags.json"
        outcome.record(f"{form}/{side}/{path.name}", text,
                       "no diagnostic" if wants_silence else "a diagnostic", loaded,
                       bool(silent) == wants_silence)
    return outcome
