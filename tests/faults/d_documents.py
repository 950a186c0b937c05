"""Rows D: flag sets that a store should not send. Each is refused, held back, or costs only the flag that is wrong."""
import json
import threading
import time

from document_test import *


class DocumentTest(DocumentFixture):
    def test_D01_a_set_that_is_suddenly_empty_is_held_back(self):
        flags = {f"f{i}": flag(i) for i in range(30)} | {"a": flag(1)}
        upstream, daemon = self.started(flags)
        for body in (b"{}", b'{"flags":{}}', b'{"flags":[]}', b"null", b"[]", b"\n\n"):
            self.refuse(upstream, daemon, body)
        self.send(upstream, document([]))
        eventually(lambda: daemon.environment().get("held") == "1.2", "it is held back")
        self.assert_serves(daemon)

    def test_D02_a_set_that_shrinks_beyond_the_limit_is_held_back_and_one_within_is_taken(self):
        flags = {f"f{i:03}": flag(i) for i in range(99)} | {"a": flag(1)}
        upstream, daemon = self.started(flags)
        some = lambda size: {key: flags[key] for key in ["a", *sorted(flags)[1:size]]}
        upstream.publish(2, some(50))
        eventually(lambda: daemon.environment().get("held") == "1.2", "half is held back")
        upstream.publish(3, some(79))
        eventually(lambda: daemon.environment().get("held") == "1.3", "21 % less is held back")
        upstream.publish(4, some(99))
        eventually(lambda: daemon.environment()["flags"] == 99, "one flag less is taken")

    def test_D02_an_operator_accepts_what_was_held_back(self):
        flags = {f"f{i}": flag(i) for i in range(40)} | {"a": flag(1)}
        upstream, daemon = self.started(flags)
        upstream.publish(2, {"a": flag(2)})
        eventually(lambda: daemon.environment().get("held") == "1.2", "it is held back")
        client = self.frames(daemon)
        client.hello("production")
        self.assert_serves(daemon, 1)
        client.order("accept")
        self.assert_serves(daemon, 2)
        self.assertNotIn("held", daemon.environment())
        self.assertIn("verb=accept", daemon.program.log)

    def test_D03_a_declared_delete_of_the_last_flag_is_applied_and_stays_so(self):
        upstream, daemon = self.started()

        def gone(connection, request_):
            delta = "since=" in request_.path
            body = SyncServer.delta(1, 2, {}, ["a"], {}) if delta else SyncServer.document(2, {})
            connection.sendall(answer(200, body, [("ETag", '"1.2"')]))
            return True
        upstream.fault = gone
        self.wait_revision(daemon, 2)
        self.assertEqual(daemon.environment()["flags"], 0)
        self.wait_kept(daemon, 2)
        daemon.program.kill()
        upstream.close()
        daemon.start()
        self.assertEqual((daemon.environment()["flags"], daemon.environment()["revision"]), (0, 2))

    def test_D04_an_error_in_a_good_answer_is_no_flag_set(self):
        upstream, daemon = self.started()
        for body in (b'{"error":"quota"}\n', b'{"quotaLimited":["flags"]}\n', b'{"flags":{},"error":{"code":7}}\n'):
            self.refuse(upstream, daemon, body)
        self.heal(upstream, daemon, 3)

    @slow
    def test_D05_large_sets_are_taken_up_to_the_limit_and_refused_beyond(self):
        upstream, daemon = self.started(arguments=["--upstream-max-body", "64MiB", "--upstream-timeout", "60s"])
        size = count("FLAGS", 50_000)
        upstream.publish(2, {f"f{i}": flag(i) for i in range(size)} | {"a": flag(2)})
        eventually(lambda: daemon.environment()["flags"] == size + 1, lambda: str(daemon.environment()))
        self.assertEqual(daemon.flag(f"f{size - 1}")["value"], size - 1)
        big = dict(flag(3), metadata={"note": "n" * (50 << 20)})
        self.send(upstream, document([line("a", **flag(3)), line("big", **big)], 3))
        eventually(lambda: daemon.environment()["revision"] == 3 or daemon.environment().get("refused"), "it is answered for")
        self.assertIn(daemon.flag("a")["value"], (2, 3))
        self.refuse(upstream, daemon, document([line("a", **dict(flag(4), metadata={"n": "n" * (65 << 20)}))], 4), "byte|limit")

    def quarantined(self, daemon):
        return {one["key"]: one["reason"] for one in daemon.environment().get("quarantined", [])}

    def assert_harmless(self, daemon, keys, context, without_default=()):
        """Each flag answers with its own value, or, where it is quarantined or has none, with the caller's."""
        bad = self.quarantined(daemon)
        answers = daemon.evaluate({"context": context, "flags": keys, "defaults": dict.fromkeys(keys, 99)})["evaluations"]
        self.assertEqual(len(answers), len(keys))
        for key, one in answers.items():
            self.assertEqual((one["value"], one.get("errorCode")),
                             (99, "PARSE_ERROR") if key in bad else (99 if key in without_default else 5, None), (key, context, one))

    def test_D12_a_flag_of_any_shape_harms_nobody_but_itself(self):
        upstream, daemon = self.started()
        whole = flag(5)
        lines = [GOOD]
        for name in ("type", "variants", "default", "enabled", "rules", "metadata", "salt", "prerequisites", "targets"):
            for number, wrong in enumerate((None, 7, -1.5, "x", True, [], {}, [None], [[]], {"a": {"b": []}}, [{"variant": "v", "weight": -1}])):
                lines.append(line(f"w-{name}-{number}", **{**whole, name: wrong}))
            without = dict(whole)
            without.pop(name, None)
            lines.append(line(f"w-{name}-none", **without))
        self.send(upstream, document(lines))
        self.wait_revision(daemon, 2)
        self.assertLess(len(self.quarantined(daemon)), len(lines) - 10)
        self.assert_harmless(daemon, [key for key, _ in lines], {"targetingKey": "u", "a": "1"}, ("w-default-0", "w-default-none"))

    def test_D12_an_operator_with_any_operand_is_quarantined_alone_or_stands_any_attribute(self):
        schema = json.loads((ROOT / "config" / "flag-set.schema.json").read_text())["definitions"].values()
        operators = next(one["properties"]["op"]["enum"] for one in schema if "op" in one.get("properties", ()))
        test = lambda operator, **operand: dict(flag(5), rules=[{"when": {"attr": "a", "op": operator, **operand}, "serve": {"variant": "v"}}])
        wrong = [{"values": values} for values in (
            None, 7, -1, "x", [], [None], [True], ["(((("], ["(a+)+$"], ["\\C"], ["x" * 5000], [{}], [[]], ["1.2"], ["::1/200"])]
        right = [{}, {"values": ["1.2.3"]}, {"values": ["10.0.0.0/8"]}, {"values": [1.5]}, {"values": ["string"]}]  # of each operator one at least
        some = {(operator, i): line(f"{operator}-{i}", **test(operator, **operand))
                for operator in operators for i, operand in enumerate([*wrong, *right])}
        unknown = line("unknown", **test("operator-of-2030", values=["1"]))
        kept = [f"kept-{operator}" for operator in operators]
        upstream, daemon = self.started({key: flag(4) for key in kept})
        self.send(upstream, document([GOOD, unknown, *some.values(), *(line(key, **test(key[5:], values=[[]])) for key in kept)]))
        self.wait_revision(daemon, 2)
        told = {key: reason.replace(key, "") for key, reason in self.quarantined(daemon).items()}
        not_known = told["unknown"].rpartition('"')[2]
        self.assertRegex(not_known, "is not an operator")
        self.assertEqual([key for key, reason in told.items() if reason.endswith(not_known)], ["unknown"])
        for operator in operators:
            self.assertEqual({some[operator, i][0] in told for i in range(len(wrong) + len(right))}, {True, False}, operator)
        for context in ({}, *({"a": value} for value in (None, True, 7, 1e300, "", "1..2", "::1::", [], {}))):
            self.assert_harmless(daemon, ["good", "unknown", *(key for key, _ in some.values())], context)
        for key in kept:
            self.assertIn(key, told)
            self.assertEqual(daemon.flag(key, {"a": "1"}, default=99)["value"], 4, key)

    def test_D13_what_a_later_version_added_is_tolerated_and_a_later_major_version_is_refused(self):
        upstream, daemon = self.started()
        self.refuse(upstream, daemon, document([GOOD], pennon=2))
        more = line("good", **dict(flag(5), fieldOf2030={"x": 1}))
        self.send(upstream, document([more], novelty=True))
        self.wait_revision(daemon, 2)

    def test_D15_a_prerequisite_or_a_segment_that_is_missing_costs_only_its_flag(self):
        upstream, daemon = self.started()
        needs = dict(flag(1), prerequisites=[{"flag": "nobody"}], offVariant="v")
        segment = dict(flag(1), rules=[{"when": {"segment": "nobody"}, "serve": {"variant": "v"}}])
        self.send(upstream, document([GOOD, line("needs", **needs), line("segment", **segment)]))
        self.wait_revision(daemon, 2)
        self.assertEqual(daemon.flag("good")["value"], 5)
        for _ in range(200):
            for key in ("needs", "segment"):
                answered = daemon.flag(key, default=99)
                self.assertIn(answered["value"], (1, 99))
                self.assertIn(answered["reason"], ("ERROR", "DISABLED", "DEFAULT"))
        self.assertLess(len([text for text in daemon.program.log.splitlines() if "needs" in text or "segment" in text]), 5)

    def test_D15_a_broken_flag_that_is_asked_for_all_the_time_is_no_load_for_the_upstream_and_no_flood_of_lines(self):
        upstream, daemon = self.started()
        self.send(upstream, document([GOOD, line("broken", **dict(flag(1), default={"variant": "nope"}))]))
        self.wait_revision(daemon, 2)
        self.assertIn("broken", self.quarantined(daemon))
        asked = [0] * 4

        def hammer(number):
            client = self.frames(daemon)
            client.hello("production")
            for _ in range(count("HAMMERED", 5_000)):
                for one in client.batch(["broken", "good"] * 5, {})["evaluations"]:
                    asked[number] += one["key"] == "broken" and one["reason"] == "ERROR"
        before, lines, reports = len(upstream.requests), len(daemon.program.log.splitlines()), len(upstream.reports)
        began = time.monotonic()
        threads = [threading.Thread(target=hammer, args=(number,)) for number in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        requests = len(upstream.requests) - before
        self.assertEqual(asked, [5 * count("HAMMERED", 5_000)] * len(asked))
        self.assertLess(requests, 2 * took / 0.1 + 5)  # a poll each 100 ms, and no more than that for whatever is asked here
        self.assertLess(len(upstream.reports) - reports, 2 * took / 0.1 + 5)
        self.assertLess(len(daemon.program.log.splitlines()) - lines, 5)
        eventually(lambda: len(upstream.requests) > before + requests, "polls go on")

    def test_D18_splits_that_make_no_sense_cost_only_their_flag(self):
        upstream, daemon = self.started()
        split = lambda weights: dict(flag(1), default={"split": [{"variant": "v", "weight": weight} for weight in weights]})
        lines = [GOOD] + [line(f"w{i}", **split(weights)) for i, weights in enumerate(
            ([], [-1], [0], [2**62, 2**62], [1e308, 1e308], ["1"], [None], [0.1] * 3))]
        lines += [line("no-variants", **dict(flag(1), variants=[])), line("no-such-default", **dict(flag(1), default={"variant": "nope"})),
                  line("variants-twice", **dict(flag(1), variants=[{"key": "v", "value": 1}, {"key": "v", "value": 2}]))]
        self.send(upstream, document(lines))
        self.wait_revision(daemon, 2)
        self.assertEqual(daemon.flag("good")["value"], 5)
        for key in ("no-such-default", "variants-twice", "w1"):
            self.assertIn(key, self.quarantined(daemon))

    def test_D19_revisions_go_only_up(self):
        upstream, daemon = self.started()
        upstream.publish(5, {"a": flag(5)})
        self.wait_revision(daemon, 5)
        one = [line("a", **flag(9))]
        for what, body in {"lower": document(one, 4), "the same with other contents": document(one, 5), "an earlier epoch": document(one, 9, epoch=0),
                           "negative": document(one, -1), "text": document(one, "6"), "a fraction": document(one, 6.5), "too large": document(one, 2**64),
                           "none": document(one, None), "negative epoch": document(one, 6, epoch=-1)}.items():
            with self.subTest(what):
                self.refuse(upstream, daemon, body)
                self.assert_serves(daemon, 5)
        self.send(upstream, document([line("a", **flag(5))], 5))
        before = len(upstream.requests)
        eventually(lambda: len(upstream.requests) > before + 2, "the same once more")
        self.assertEqual(daemon.environment()["state"], "live")
        upstream.fault = None
        upstream.publish(10**15, {"a": flag(6)})
        self.wait_revision(daemon, 10**15)

    def test_D20_good_and_bad_sets_in_turn_are_answered_only_by_good_ones(self):
        upstream, daemon = self.started()
        for revision in range(2, 2 + count("TURNS", 12)):
            good = SyncServer.document(revision, {"a": flag(revision)})
            self.refuse(upstream, daemon, good[:-10] if revision % 2 else good.replace(b'"value":', b'"value":9'))
            self.assert_serves(daemon, daemon.environment()["revision"])
            self.heal(upstream, daemon, revision)

    def test_D21_deltas_that_do_not_fit_are_followed_by_the_full_set(self):
        upstream, daemon = self.started({"a": flag(1), "b": flag(1)})
        revision = 1
        for what in ("a gap", "a duplicate", "an unknown flag is deleted", "the wrong base", "the wrong digest", "a full set in disguise"):
            with self.subTest(what):
                revision += 1
                whole = {"a": flag(revision), "b": flag(1)}
                deltas = {
                    "a gap": SyncServer.delta(revision + 3, revision + 4, {"a": flag(7)}, [], whole),
                    "a duplicate": SyncServer.delta(revision - 2, revision - 1, {"a": flag(revision - 1)}, [], whole),
                    "an unknown flag is deleted": SyncServer.delta(revision - 1, revision, {"a": flag(revision)}, ["nobody"], whole),
                    "the wrong base": SyncServer.delta(0, revision, {"a": flag(revision)}, [], whole),
                    "the wrong digest": SyncServer.delta(revision - 1, revision, {"a": flag(66)}, [], whole),
                    "a full set in disguise": SyncServer.document(revision, whole)}

                def serve(connection, request_):
                    body = deltas[what] if "since=" in request_.path else SyncServer.document(revision, whole)
                    connection.sendall(answer(200, body, [("ETag", f'"1.{revision}"')]))
                    return True
                upstream.fault = serve
                self.wait_revision(daemon, revision)
                self.assert_serves(daemon, revision)
                upstream.fault = None
                upstream.document, upstream.tag = SyncServer.document(revision, whole), f'"1.{revision}"'

    def test_D22_a_set_of_another_environment_is_refused(self):
        upstream, daemon = self.started()
        for name in ("staging", "", "Production", "production ", None, 7):
            self.refuse(upstream, daemon, document([line("a", **flag(9))], environment=name))
        self.assert_serves(daemon)
        self.heal(upstream, daemon, 3)

    def test_D24_keys_made_to_collide_do_not_slow_the_load(self):
        upstream, daemon = self.started(arguments=["--upstream-timeout", "60s"])
        # libstdc++'s std::hash of texts has a fixed seed: these would share a bucket of any table that used it as it is.
        size = count("COLLIDING", 5_000)
        upstream.publish(2, {"a": flag(2)} | {"k" + "".join("ab"[i >> bit & 1] * 8 for bit in range(13)): flag(i) for i in range(size)})
        self.wait_revision(daemon, 2)
        self.assertEqual(daemon.environment()["flags"], size + 1)

    def test_D25_keys_of_any_characters_are_served_or_refused_and_never_begin_a_line_of_the_log(self):
        upstream, daemon = self.started()
        served = ["__proto__", "../x", "%00", "a\0b", "a\nlevel=error event=forged", "=CMD()", "\U0001f600", "\u202eabc", "a b", "x" * 256, "a/b?c#d"]
        refused = ["", "x" * 257, "x" * 10_000]
        wrong = dict(flag(5), default={"variant": "nope"})  # a key of the log is that of a flag that is quarantined
        for revision, key in enumerate([*served, *refused], 1):
            with self.subTest(key[:20]):
                self.send(upstream, document([line("a", **flag(revision)), line(key, **wrong)], 2 * revision))
                self.wait_revision(daemon, 2 * revision)
                self.assertEqual(list(self.quarantined(daemon)), [key])
                self.assertEqual(daemon.flag(key, default=77)["value"], 77)
                self.send(upstream, document([line("a", **flag(revision)), line(key, **flag(5))], 2 * revision + 1))
                self.wait_revision(daemon, 2 * revision + 1)
                self.assertEqual(list(self.quarantined(daemon)), [key] if key in refused else [])
                self.assertEqual(daemon.flag(key, default=77)["value"], 77 if key in refused else 5)
                self.assert_serves(daemon, revision)
        lines = daemon.program.log.split("\n")
        self.assertEqual(len([text for text in lines if "definition quarantined" in text]), len(served) + 2 * len(refused))
        self.assertTrue([text for text in lines if "event=forged" in text])
        for text in filter(None, lines):
            self.assertRegex(text, "^time=|^pennond: ")
