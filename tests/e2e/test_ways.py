"""Random flag sets, asked of real processes over every way in: all answer as the engine does.

PENNON_WAYS_SEED repeats a run, PENNON_WAYS_QUESTIONS makes a longer one; a question is one flag for one context.
"""
import collections
import contextlib
import json
import os
import random
import sys
import time

import libpennon
from flag_coverage import Coverage, table
from harness import BIN, ROOT, EndToEndTest, Progress
from random_context import random_context
from random_flag_set import RandomFlagSet
from ways import NOPE, Ways

sys.path.insert(0, str(ROOT / "tests" / "conformance"))
from engine import Engine, same  # noqa: E402

SEED = int(os.environ.get("PENNON_WAYS_SEED", time.time_ns() // 1000 % 1_000_000))
QUESTIONS = int(os.environ.get("PENNON_WAYS_QUESTIONS", 20_000))
FLAGS_OF_A_SET, QUESTIONS_OF_A_SET, LEAST_SETS = 120, 2_500, 8
ASKED_ALONE = 5  # of the flags that a context is asked about
QUESTIONS_OF_A_HIT = 1_000
FALLBACKS = {"boolean": True, "string": "fallback", "integer": -7, "float": -7.5, "object": {"fall": ["back"]}}


def essence(answer):
    """What every way says; OFREP has no reason beside an error code, and what is absent may be null or empty."""
    error = answer.get("errorCode") or ""
    return {"value": answer.get("value"), "variant": answer.get("variant") or "", "reason": answer.get("reason", "ERROR" if error else None),
            "errorCode": error, "metadata": answer.get("metadata")}


class WaysTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.coverage, self.answers, self.engine = Coverage(), collections.Counter(), Engine(BIN / "conformance_engine")
        self.addCleanup(self.engine.__exit__)

    def check(self, way, key, flag, context, expected, got):
        self.answers[way] += 1
        if way.startswith("libpennon"):  # for Python it does not tell metadata
            expected = expected | {"metadata": None}
        if not same(expected, got):
            told = {"flag": flag, "context": context, "expected": expected, "got": got}
            self.fail(f"{key} by {way}, with PENNON_WAYS_SEED={SEED} PENNON_WAYS_QUESTIONS={QUESTIONS}"
                      + "".join(f"\n  {name:<9}{json.dumps(what, ensure_ascii=False)}" for name, what in told.items()))

    def ask(self, ways, flags, context, answers):
        """`answers` are the engine's."""
        for way, ask in ways.all_flags.items():
            got = ask(context)
            self.assertEqual(got.keys() | {NOPE}, flags.keys() | {NOPE}, way)
            for key, answer in got.items():
                self.check(way, key, flags.get(key), context, answers[key], essence(answer))
        for key in (NOPE, *self.chance.some(list(flags), ASKED_ALONE)):
            for way, ask in ways.one_flag.items():
                self.check(way + ", alone", key, flags.get(key), context, answers[key], essence(ask(key, context)))
            for kind, fallback in FALLBACKS.items() if ways.typed else ():
                # The engine program takes 10.0 for an integer, as other languages do; a flag of libpennon has one type.
                if (kind, flags.get(key, {}).get("type")) != ("integer", "number"):
                    self.ask_typed(ways, key, flags.get(key), context, kind, fallback)

    def ask_typed(self, ways, key, flag, context, kind, fallback):
        expected = essence(self.engine.ask("eval", flag=key, context=context, type=kind, default=fallback))
        if kind == "float":
            expected["value"] = float(expected["value"])
        for way, ask in ways.typed.items():
            self.check(f"{way}, {kind}", key, flag, context, expected, essence(ask(key, fallback, **context)))

    def ask_set(self, number, count):
        flag_set = RandomFlagSet(random.Random(f"{SEED}.{number}"), FLAGS_OF_A_SET)
        self.chance = flag_set.chance
        document, of_store = flag_set.document(), flag_set.document(for_store=True)
        keys = [*document["flags"], NOPE]
        reply = self.engine.ask("load", format="native", doc=document)
        self.assertEqual(len(reply["warnings"]), len(flag_set.broken), reply)
        contexts = [random_context(self.chance) for _ in range(-(-count // len(keys)))]
        given = iter(self.engine.ask("evals", flags=keys, contexts=contexts)["answers"])
        answers = []
        for _ in contexts:
            answers.append({})
            for key in keys:
                answer = next(given)
                self.coverage.see(document["flags"].get(key), answer)
                answer["metadata"] |= {f"pennon.{name}": told for name, told in answer["ext"].items()}
                answers[-1][key] = essence(answer)
        with contextlib.ExitStack() as cleanup:
            daemon, store = (Ways(cleanup, self.folder(f"{name}-{number}")) for name in ("daemon", "store"))
            daemon.add_daemon(document)
            store.add_store(of_store)
            for context, expected in zip(contexts, answers):
                self.ask(daemon, document["flags"], context, expected)
                self.ask(store, of_store["flags"], context, expected)

    def ways_to(self, cleanup, flag):
        ways = Ways(cleanup, self.folder("daemon"))
        ways.add_daemon({"environment": "production", "flags": {"f": {**flag, "default": {"variant": "v"}}}})
        return ways

    def test_of_a_name_in_the_metadata_of_flag_and_variant_the_variants_is_answered_once(self):
        variant = {"key": "v", "value": True, "metadata": {"team": "b"}}
        with contextlib.ExitStack() as cleanup:
            for ask in self.ways_to(cleanup, {"type": "boolean", "metadata": {"team": "a"}, "variants": [variant]}).one_flag.values():
                self.assertEqual(ask("f", {})["metadata"]["team"], "b")  # HttpClient refuses a name that comes twice

    def test_a_text_with_a_nul_is_whole_in_python(self):
        libpennon.load()
        with contextlib.ExitStack() as cleanup:
            for ask in self.ways_to(cleanup, {"type": "string", "variants": [{"key": "v", "value": "a\0b"}]}).typed.values():
                self.assertEqual(ask("f", "")["value"], "a\0b")

    def test_every_way_answers_as_the_engine_does(self):
        print(f"\n    PENNON_WAYS_SEED={SEED} PENNON_WAYS_QUESTIONS={QUESTIONS}", flush=True)
        progress, sets = Progress(), max(LEAST_SETS, QUESTIONS // QUESTIONS_OF_A_SET)
        for number in range(sets):
            self.ask_set(number, QUESTIONS // sets)
            progress(f"{self.coverage.questions} questions, {self.answers.total()} answers")
        progress.end(f"{self.coverage.questions} questions, {self.answers.total()} answers as the engine's\n"
                     f"{table(self.coverage.hits)}\n\n{table(self.answers)}")
        self.assertEqual(self.coverage.missed(max(1, QUESTIONS // QUESTIONS_OF_A_HIT)), {})
