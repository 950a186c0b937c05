"""OFREP 0.3.0 as providers meet it, over loopback and over the Unix socket: every answer has the form that the
specification and the providers ask for, and event streams tell of changes, also of those missed.

The specification is looked for in PENNON_REFERENCE, else in ../shared/reference; without it only the rows here count.
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import unittest

import jsonschema

from event_stream import Sse
from harness import ROOT, EndToEndTest, UnixHttpConnection, eventually, request

REFERENCE = pathlib.Path(os.environ.get("PENNON_REFERENCE", ROOT.parent / "shared" / "reference"))
BULK = "/ofrep/v1/evaluate/flags"
PRIMITIVE = (bool, str, int, float)


def flag(kind, value, **members):
    return {"type": kind, "variants": [{"key": "v", "value": value}], "default": {"variant": "v"}, **members}


SPLIT = {"type": "string", "variants": [{"key": "a", "value": "A"}, {"key": "b", "value": "B"}],
         "default": {"split": {"onMissing": "error", "weights": [{"variant": "a", "weight": 1}, {"variant": "b", "weight": 1}]}}}
COUNTRY = {"type": "string", "variants": [{"key": "no", "value": "nordic"}, {"key": "other", "value": ""}],
           "rules": [{"when": {"attr": "country", "op": "in", "values": ["NO"]}, "serve": {"variant": "no"}}],
           "default": {"variant": "other"}}
FLAGS = {"yes": flag("boolean", True), "no": flag("boolean", False), "text": flag("string", ""), "one": flag("number", 1),
         "half": flag("number", 0.5), "whole": flag("integer", 7), "big": flag("integer", 2**53 - 1), "empty": flag("object", {}),
         "off": flag("boolean", True, enabled=False), "split": SPLIT, "country": COUNTRY, "meta": flag("boolean", True, metadata={
             "team": "a", "n": 1.5, "b": False}), "a b/c?d": flag("boolean", True), "fjord-æ": flag("boolean", True)}
BAD_CONTEXTS = ("{", "[]", "7", {"context": []}, {"context": "x"}, b"\xff", b'{"context":{"a":"\xc3"}}')


class OfrepTest(EndToEndTest):
    def serve(self, flags=None, arguments=()):
        path = self.folder("daemon") / "flags.json"
        path.write_text(json.dumps({"environment": "production", "revision": 4, "flags": FLAGS if flags is None else flags}))
        return self.start_daemon(arguments=["--bootstrap-file", str(path), *arguments])

    def ways(self, daemon):
        return {"loopback": lambda: http.client.HTTPConnection(*daemon.http_address(), timeout=30),
                "unix": lambda: UnixHttpConnection(daemon.socket)}

    def check_answer(self, answer, key):
        """What all providers together need, by our own rows."""
        self.assertEqual(answer["key"], key)
        self.assertIsInstance(answer["metadata"], dict)
        for value in answer["metadata"].values():
            self.assertIsInstance(value, PRIMITIVE)
        if "errorCode" in answer:
            self.assertTrue(isinstance(answer["errorCode"], str) and isinstance(answer["errorDetails"], str))
            self.assertNotIn("value", answer)
        else:
            self.assertIn(answer["reason"], ("STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED"))
            self.assertIsInstance(answer["variant"], str)
            self.assertIsNotNone(answer.get("value", ""))

    def test_every_answer_has_what_providers_read(self):
        daemon = self.serve()
        for way, connect in self.ways(daemon).items():
            for key in FLAGS:
                quoted = "".join(f"%{byte:02X}" if chr(byte) not in "abcdefghijklmnopqrstuvwxyz" else chr(byte)
                                 for byte in key.encode())
                with self.subTest(way, key=key):
                    status, headers, body = request(connect(), "POST", f"{BULK}/{quoted}", {"context": {"targetingKey": "u"}})
                    self.assertEqual((status, headers["Content-Type"]), (200, "application/json"), body)
                    self.check_answer(json.loads(body), key)
            for path, body, headers, expected in (
                    (BULK + "/nope", {}, {}, 404), (BULK + "/split", {}, {}, 400), (BULK + "/nope%ff", {}, {}, 400),
                    (BULK + "/nope%2", {}, {}, 400), ("/ofrep/v1/flags", {}, {}, 404), (BULK + "/yes", {}, {"Content-Type": "text/plain"}, 415),
                    (BULK + "/yes", {}, {"Content-Encoding": "gzip"}, 415), *((BULK + "/yes", bad, {}, 400) for bad in BAD_CONTEXTS),
                    *((BULK, bad, {}, 400) for bad in BAD_CONTEXTS), (BULK + "/yes", " " * (1 << 20) + "{}", {}, 413),
                    (BULK + "/yes", {}, {"X-Pad": "x" * (1 << 14)}, 431)):
                with self.subTest(way, path=path, body=str(body)[:40], headers=str(headers)[:40]):
                    status, sent, answer = request(connect(), "POST", path, body, headers)
                    answer = json.loads(answer)
                    self.assertEqual((status, sent["Content-Type"]), (expected, "application/json"))
                    # A request that could not be read has no path yet.
                    key = answer["key"] if "%" in path or status in (413, 431) else path[len(BULK) + 1:] if path.startswith(BULK) else ""
                    self.check_answer(answer, key)
            status, sent, answer = request(connect(), "GET", BULK + "/yes")
            self.assertEqual((status, sent["Allow"], json.loads(answer)["key"]), (405, "POST", "yes"))
        status, sent, answer = request(self.ways(daemon)["loopback"](), "POST", BULK + "/yes", {}, {"Host": "evil.example"})
        self.assertEqual((status, sent["Content-Type"]), (403, "application/json"))
        self.check_answer(json.loads(answer), "yes")

    def test_numbers_keep_their_type_and_zero_values_are_there(self):
        daemon = self.serve()
        raw = lambda key: request(UnixHttpConnection(daemon.socket), "POST", f"{BULK}/{key}")[2]
        for key, value in (("one", b"1.0"), ("half", b"0.5"), ("whole", b"7"), ("big", b"9007199254740991"), ("no", b"false"),
                           ("text", b'""'), ("empty", b"{}")):
            self.assertIn(b'"value":' + value + b",", raw(key))

    def test_what_clients_leave_out_or_add_is_tolerated(self):
        daemon = self.serve()
        connect = self.ways(daemon)["loopback"]
        for body, headers in ((None, {}), ("", {}), ("{}", {}), ('{"context":null}', {}), ('{"context":{},"extra":[{}]}', {}),
                              ("{}", {"Content-Type": "application/json; charset=utf-8"}),
                              ("{}", {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}),
                              ("{}", {"Content-Encoding": "identity"})):
            for path in (BULK + "/yes", "/" + BULK + "/yes", BULK + "/yes?unknown=1"):
                self.assertEqual(request(connect(), "POST", path, body, headers)[0], 200, (body, headers, path))
        chunked = connect()
        chunked.request("POST", BULK + "/yes", body=iter([b'{"con', b'text":{}}']), headers={"Content-Type": "application/json"},
                        encode_chunked=True)
        self.assertEqual(json.loads(chunked.getresponse().read())["value"], True)
        chunked.close()
        with socket.create_connection(daemon.http_address(), timeout=30) as raw:
            raw.sendall(b"POST " + BULK.encode() + b"/yes HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            self.assertTrue(raw.recv(100).startswith(b"HTTP/1.1 100 "))
            raw.sendall(b"{}")
            self.assertTrue(raw.recv(1000).startswith(b"HTTP/1.1 200 "))

    def test_bulk_answers_are_ordered_tagged_by_their_result_and_not_sent_twice(self):
        daemon = self.serve()
        for connect in self.ways(daemon).values():
            ask = lambda context, tag=None, path=BULK: request(connect(), "POST", path, {"context": context},
                                                               {"If-None-Match": tag} if tag else {})
            status, headers, body = ask({"targetingKey": "u"})
            answer = json.loads(body)
            self.assertEqual([one["key"] for one in answer["flags"]], sorted(FLAGS, key=str.encode))
            for one in answer["flags"]:
                self.check_answer(one, one["key"])
            tag = headers["ETag"]
            self.assertRegex(tag, '^"[^"]+"$')
            for sent in (tag, "W/" + tag, tag.strip('"'), "*", '"x", ' + tag):
                status, headers, body = ask({"targetingKey": "u"}, sent)
                self.assertEqual((status, body, headers["ETag"]), (304, b"", tag), sent)
            self.assertEqual(ask({"targetingKey": "u"}, tag, BULK + "/")[0], 304)
            self.assertEqual(ask({"targetingKey": "u", "colour": "red"}, tag)[0], 304)  # the result is the same
            self.assertEqual(ask({"targetingKey": "u", "country": "NO"}, tag)[0], 200)
            for told, expected in (("4.0", 503), ("%220.5-77%22", 503), ("0.4", 200), ("0.3-1", 200), ("garbage", 200), ("%", 200)):
                status, headers, body = ask({}, None, f"{BULK}?flagConfigLastModified=1&flagConfigEtag={told}")
                self.assertEqual((status, headers.get("Retry-After")), (expected, "1" if expected == 503 else None), told)

    def test_a_daemon_without_flags_says_so_and_when_to_ask_again(self):
        daemon = self.start_daemon()
        for connect in self.ways(daemon).values():
            for path, expected in ((BULK + "/f", 500), (BULK, 503)):
                status, headers, body = request(connect(), "POST", path, {"context": {}})
                self.assertEqual((status, headers["Retry-After"]), (expected, "1"))
                self.assertEqual(json.loads(body)["errorCode"], "PROVIDER_NOT_READY")
                self.check_answer(json.loads(body), path[len(BULK) + 1:])

    def test_answers_are_as_the_specification_has_them(self):
        try:
            import yaml
            document = yaml.safe_load((REFERENCE / "ofrep-openapi.yaml").read_text())
        except (ImportError, FileNotFoundError) as missing:
            raise unittest.SkipTest(f"the specification cannot be read ({missing}); PENNON_REFERENCE says where it is")
        schemas = document["components"]["schemas"]
        # What the schema lacks against its own examples and the providers: reasons and codes of OpenFeature; and each of
        # its kinds of value matches codeDefaultFlag as well, so "one of" can only mean "any of".
        success, failure = schemas["evaluationSuccess"], schemas["evaluationFailure"]
        success["allOf"][0]["properties"]["reason"]["enum"].append("DEFAULT")
        failure["properties"]["errorCode"]["enum"] += ["FLAG_NOT_FOUND", "PROVIDER_NOT_READY"]
        success["allOf"][1]["anyOf"] = success["allOf"][1].pop("oneOf")
        validate = lambda name, body: jsonschema.Draft202012Validator(
            {**document, "$ref": f"#/components/schemas/{name}"}).validate(json.loads(body))
        daemon = self.serve()
        for connect in self.ways(daemon).values():
            for context in ({"targetingKey": "u", "country": "NO"}, {}):
                validate("bulkEvaluationSuccess", request(connect(), "POST", BULK, {"context": context})[2])
            for key in FLAGS:
                if key.isalpha() and key.isascii():
                    body = request(connect(), "POST", f"{BULK}/{key}", {"context": {"targetingKey": "u"}})[2]
                    validate("serverEvaluationSuccess", body)
            validate("evaluationFailure", request(connect(), "POST", BULK + "/split", {})[2])
            validate("flagNotFound", request(connect(), "POST", BULK + "/nope", {})[2])
            validate("bulkEvaluationFailure", request(connect(), "POST", BULK, "[]")[2])
            stream = Sse(connect(), "/ofrep/v1/events?since=none")
            event = stream.event()
            stream.close()
            validate("sseEvent", json.dumps({**event, "data": json.dumps(event["data"]), "retry": int(event["retry"])}))
            validate("sseEventData", json.dumps(event["data"]))

    def test_what_the_host_adds_to_contexts_is_weaker_than_the_caller_unless_enforced(self):
        config = self.folder("daemon") / "pennond.yaml"
        rule = lambda attribute, value: {"type": "boolean", "variants": [{"key": "y", "value": True}, {"key": "n", "value": False}],
                                         "rules": [{"when": {"attr": attribute, "op": "in", "values": [value]}, "serve": {"variant": "y"}}],
                                         "default": {"variant": "n"}}
        flags = {"fixed": rule("region", "eu"), "header": rule("country", "NO"), "key": rule("targetingKey", "u-æ"),
                 "number": rule("rack", 7), "both": rule("tier", "from-file")}
        for enforce in (False, True):
            config.write_text(f"context:\n  enforce: {str(enforce).lower()}\n  fixed: {{region: eu, rack: 7, tier: from-file}}\n"
                              "  headers: {X-Country: country, X-User: targetingKey, X-Tier: tier}\n")
            daemon = self.serve(flags, ["--config", str(config)])
            connect = self.ways(daemon)["unix"]
            ask = lambda context, headers=None: {one["key"]: one["value"] for one in json.loads(
                request(connect(), "POST", BULK, {"context": context}, headers)[2])["flags"]}
            said = {"X-Country": "NO", "X-User": "u-æ".encode(), "X-Tier": "header"}
            self.assertEqual(ask({}), {"fixed": True, "header": False, "key": False, "number": True, "both": True})
            self.assertEqual(ask({}, said), {"fixed": True, "header": True, "key": True, "number": True, "both": enforce})
            self.assertEqual(ask({}, {**said, "X-User": b"u-\xe6"})["key"], False)
            own = ask({"region": "us", "country": "SE", "targetingKey": "x", "rack": 8, "tier": "x"}, said)
            self.assertEqual(own, {name: enforce for name in flags})
            body = {"context": {"region": "us"}, "flag": "fixed"}
            self.assertEqual(daemon.evaluate(body)["evaluations"]["fixed"]["value"], enforce)
            daemon.program.end()


class EventStreamTest(EndToEndTest):
    def events(self, daemon, path, last=None, over_http=False):
        connection = (http.client.HTTPConnection(*daemon.http_address(), timeout=30) if over_http
                      else UnixHttpConnection(daemon.socket))
        stream = Sse(connection, path, last)
        self.addCleanup(stream.close)
        self.assertEqual((stream.answer.status, stream.answer.getheader("Content-Type")), (200, "text/event-stream"))
        return stream

    def bulk(self, daemon, query=""):
        status, headers, body = request(UnixHttpConnection(daemon.socket), "POST", BULK + query, {"context": {}})
        self.assertEqual(status, 200, body)
        stream, = json.loads(body)["eventStreams"]
        self.assertEqual((stream["type"], sorted(stream)), ("sse", ["endpoint", "inactivityDelaySec", "type"]))
        return stream["endpoint"]["requestUri"], headers

    def test_a_change_is_told_to_open_streams_and_to_those_that_come_back(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--workers", "2"])
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon follows the store")
        uri, _ = self.bulk(daemon)
        streams = [self.events(daemon, uri, over_http=way) for way in (False, True, False)]
        revision = store.configure("banner", {"default": {"variant": "beta"}})
        seen = []
        for stream in streams:
            event = stream.event()
            seen.append(event)
            self.assertEqual((event["event"], event["data"]["type"], event["data"]["etag"]), ("message", "refetchEvaluation", event["id"]))
            self.assertEqual(int(event["id"].split("-")[0].split(".")[1]), revision)
            # Every worker answers from it by now, whichever it is.
            for _ in range(4):
                _, headers = self.bulk(daemon, f"?flagConfigEtag=%22{event['id']}%22")
                self.assertEqual(int(headers["Pennon-Revision"]), revision)
        missed = self.events(daemon, uri)  # its bulk answer is older than the change
        self.assertEqual(missed.event()["id"], seen[0]["id"])
        back = self.events(daemon, uri, last=seen[0]["id"])  # knows it by its last event
        second = store.configure("banner", {"enabled": False, "default": {"variant": "beta"}})
        self.assertEqual(int(back.event()["id"].split("-")[0].split(".")[1]), second)

    def test_other_attributes_of_the_host_are_a_change_that_is_told(self):
        config = self.folder("daemon") / "pennond.yaml"
        config.write_text("context:\n  fixed: {region: north}\n")
        daemon = self.start_daemon(arguments=["--bootstrap-file", str(ROOT / "config" / "example-flags.json"), "--workers", "2", "--config", str(config)])
        stream = self.events(daemon, self.bulk(daemon)[0])
        config.write_text("context:\n  fixed: {region: south}\n")
        daemon.program.process.send_signal(signal.SIGHUP)
        self.assertEqual(stream.event()["data"]["type"], "refetchEvaluation")

    def test_a_stream_survives_neither_the_daemon_nor_keeps_it_from_stopping(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", str(ROOT / "config" / "example-flags.json"),
                                              "--limits-drain-timeout", "50s"])
        uri, _ = self.bulk(daemon)
        stream = self.events(daemon, uri)
        self.assertEqual(daemon.program.terminate(), 0)  # at once, not after 50 seconds: the harness would give up
        self.assertIsNone(stream.event())
        daemon.start()
        again = self.events(daemon, "/ofrep/v1/events?since=0.0-1")
        self.assertEqual(again.event()["data"]["type"], "refetchEvaluation")
        self.assertEqual(self.bulk(daemon)[0], uri)  # the same file is the same version in every process
        status, headers, _ = request(UnixHttpConnection(daemon.socket), "POST", "/ofrep/v1/events", {})
        self.assertEqual((status, headers["Allow"]), (405, "GET"))
