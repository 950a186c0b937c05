"""Flags from elsewhere than a store: files, documents over HTTP, an Unleash server, and several of them at once."""
import http.server
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

from harness import BIN, Daemon, Store, eventually, request, UnixHttpConnection

SOON = ["--upstream-poll-interval", "100ms", "--upstream-retry-max", "200ms", "--upstream-stale-after", "2s"]
# A change that comes in time came by the watch: no poll is due within the test.
RARE = ["--upstream-poll-interval", "1h", "--upstream-stale-after", "2h"]


def native(**flags):
    """A native document of flags with one integer each."""
    return {"environment": "production", "flags": {key: definition(value) for key, value in flags.items()}}


def definition(value):
    return {"type": "integer", "variants": [{"key": "v", "value": value}], "default": {"variant": "v"}}


def flagd(**flags):
    return {"flags": {key: {"state": "ENABLED", "variants": {"v": value}, "defaultVariant": "v"}
                      for key, value in flags.items()}}


def unleash(*enabled):
    return {"version": 2, "features": [
        {"name": name, "type": "release", "enabled": True, "strategies": [{"name": "default", "parameters": {}}],
         "variants": []} for name in enabled]}


def value(daemon, flag, environment=None):
    body = {"flag": flag, "context": {"targetingKey": "anna"}}
    if environment:
        body["environment"] = environment
    answer = json.loads(request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", body)[2])
    return answer["evaluations"][flag].get("value") if "evaluations" in answer else answer


class DocumentServer(http.server.ThreadingHTTPServer):
    """Answers GET with `body` and an entity tag, and notes what was asked and posted."""

    def __init__(self, body):
        self.body, self.status, self.tokens, self.posts, self.unchanged = body, 200, [], [], 0
        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, text in headers:
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.tokens.append((self.path, self.headers.get("Authorization")))
        body = json.dumps(self.server.body).encode()
        tag = f'"{hash(body)}"'
        if self.server.status != 200:
            return self.answer(self.server.status)
        if self.headers.get("If-None-Match") == tag:
            self.server.unchanged += 1
            return self.answer(304)
        self.answer(200, body, [("ETag", tag)])

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, json.loads(body)))
        self.answer(202)


class SourceTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.temporary()

    def temporary(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def daemon(self, *arguments):
        daemon = Daemon(self.directory, arguments=arguments)
        self.addCleanup(daemon.program.end)
        return daemon

    def serve(self, body):
        server = DocumentServer(body)
        self.addCleanup(server.end)
        return server

    def secret(self, text):
        path = self.directory / "token"
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    def replace(self, path, document):
        """As editors do it: written beside, renamed over."""
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(document))
        os.rename(beside, path)


class FileTest(SourceTest):
    def file_daemon(self, path, file_format="native", pace=RARE):
        return self.daemon("--upstream-kind", "file", "--upstream-file", str(path), "--upstream-format", file_format,
                           *pace)

    def test_a_file_that_is_renamed_over_or_written_in_place_is_followed(self):
        path = self.write("flags.json", native(a=1))
        daemon = self.file_daemon(path)
        eventually(lambda: value(daemon, "a") == 1, "first document")
        before = daemon.environment()
        self.replace(path, native(a=2))
        eventually(lambda: value(daemon, "a") == 2, "renamed over")
        path.write_text(json.dumps(native(a=3)))
        eventually(lambda: value(daemon, "a") == 3, "written in place")
        after = daemon.environment()
        self.assertEqual(after["epoch"], before["epoch"])
        self.assertGreater(after["revision"], before["revision"])
        self.assertEqual((after["state"], after["source"], after["kind"]), ("live", "live", "file"))

    def test_a_wrong_or_missing_file_keeps_the_flags_and_says_so(self):
        path = self.write("flags.json", native(a=1))
        daemon = self.file_daemon(path)
        eventually(lambda: value(daemon, "a") == 1, "first document")
        path.write_text('{"environment": "production", "flags": {"a": ')
        eventually(lambda: str(path) in daemon.environment().get("lastError", ""), "half a document is named")
        self.assertEqual(value(daemon, "a"), 1)
        path.unlink()
        eventually(lambda: "No such file" in daemon.environment().get("lastError", ""), daemon.environment)
        self.assertEqual(value(daemon, "a"), 1)
        self.replace(path, native(a=2))
        eventually(lambda: value(daemon, "a") == 2, "it is back")
        self.assertNotIn("lastError", daemon.environment())

    def test_the_swap_of_a_mounted_configmap_is_followed(self):
        def version(name, document):
            (self.directory / name).mkdir()
            self.write(f"{name}/flags.yaml", document)
        mount = self.directory
        version("..2026_1", "environment: production\nflags:\n  a: " + json.dumps(definition(1)) + "\n")
        (mount / "..data").symlink_to("..2026_1")
        (mount / "flags.yaml").symlink_to("..data/flags.yaml")
        daemon = self.file_daemon(mount / "flags.yaml")
        eventually(lambda: value(daemon, "a") == 1, "first version")
        for number in (2, 3):
            version(f"..2026_{number}", native(a=number))
            (mount / "..data_tmp").symlink_to(f"..2026_{number}")
            os.rename(mount / "..data_tmp", mount / "..data")
            eventually(lambda wanted=number: value(daemon, "a") == wanted, f"version {number}")

    def test_flagd_and_unleash_documents_are_translated_and_unreadable_flags_quarantined(self):
        document = flagd(a=1)
        document["flags"]["odd"] = {"state": "ENABLED", "variants": {"x": 1, "y": "z"}, "defaultVariant": "x"}
        path = self.write("flagd.json", document)
        daemon = self.file_daemon(path, "flagd")
        eventually(lambda: value(daemon, "a") == 1, "flagd")
        self.assertEqual([one["key"] for one in daemon.environment()["quarantined"]], ["odd"])
        daemon.program.end()
        path = self.write("unleash.json", unleash("b"))
        daemon = self.file_daemon(path, "unleash")
        eventually(lambda: value(daemon, "b") is True, "unleash")

    def test_the_revision_survives_a_restart_and_only_grows(self):
        path = self.write("flags.json", native(a=1))
        daemon = self.file_daemon(path)
        eventually(lambda: value(daemon, "a") == 1, "first document")
        first = daemon.environment()
        daemon.program.end()
        daemon.start()
        self.addCleanup(daemon.program.end)
        eventually(lambda: daemon.environment()["state"] == "live", "live again")
        self.assertEqual(daemon.environment()["revision"], first["revision"])
        self.replace(path, native(a=2))
        eventually(lambda: value(daemon, "a") == 2, "changed")
        self.assertGreater(daemon.environment()["revision"], first["revision"])

    def test_an_emptied_file_is_held_back_until_it_is_accepted(self):
        path = self.write("flags.json", native(a=1))
        daemon = self.file_daemon(path, pace=SOON)
        eventually(lambda: value(daemon, "a") == 1, "first document")
        path.write_text(json.dumps(native()))
        held = eventually(lambda: daemon.environment().get("held"), "held")
        eventually(lambda: daemon.environment()["nextAttemptMs"] > 0, "another look")
        self.assertEqual(daemon.environment()["held"], held)
        self.assertEqual(value(daemon, "a"), 1)


class HttpTest(SourceTest):
    def test_a_flagd_document_is_polled_with_its_entity_tag(self):
        server = self.serve(flagd(a=1))
        daemon = self.daemon("--upstream-kind", "flagd", "--upstream-url", server.url + "/flags.json?sig=secret", *SOON)
        eventually(lambda: value(daemon, "a") == 1, "first document")
        eventually(lambda: server.unchanged > 1, "304")
        self.assertEqual(daemon.environment()["upstream"], server.url + "/flags.json")
        server.body = flagd(a=2)
        eventually(lambda: value(daemon, "a") == 2, "second document")
        server.status = 404
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "404 is no answer")
        self.assertEqual(value(daemon, "a"), 2)
        self.assertNotIn("secret", daemon.program.log)

    def test_an_unleash_server_is_asked_with_the_token_and_told_what_was_evaluated(self):
        server = self.serve(unleash("a"))
        daemon = self.daemon("--upstream-kind", "unleash", "--upstream-url", server.url + "/api",
                             "--upstream-key-file", self.secret("default:production.abc"),
                             "--report-interval", "100ms", *SOON)
        eventually(lambda: value(daemon, "a") is True, "first features")
        self.assertEqual(set(server.tokens), {("/api/client/features", "default:production.abc")})
        eventually(lambda: [p for p in server.posts if p[0] == "/api/client/register"], "registration")
        metrics = eventually(lambda: [p for p in server.posts if p[0] == "/api/client/metrics"], "metrics")
        eventually(lambda: sum(p[1]["bucket"]["toggles"]["a"]["yes"] for p in server.posts
                               if p[0] == "/api/client/metrics") >= 1, lambda: metrics)
        server.body = unleash("a", "b")
        eventually(lambda: value(daemon, "b") is True, "second features")
        server.status = 401
        eventually(lambda: "token is not accepted" in daemon.environment().get("lastError", ""), "401 is named")
        self.assertIs(value(daemon, "b"), True)
        self.assertNotIn("production.abc", daemon.program.log)


    def test_after_a_reload_the_key_file_that_it_names_is_the_one_that_is_watched(self):
        server = self.serve(unleash("a"))
        config = lambda key: (f"upstream: {{kind: unleash, url: '{server.url}', key_file: {self.directory / key}, "
                              "poll_interval: 1h, retry_max: 1h, stale_after: 2h}\n")

        def put(name, text):
            beside = self.write(name + ".new", text)
            beside.chmod(0o600)
            os.rename(beside, self.directory / name)
        put("one", "default:production.one")
        put("two", "default:production.two")
        daemon = self.daemon("--config", str(self.write("pennond.yaml", config("one"))))
        eventually(lambda: value(daemon, "a") is True, "first features")
        server.status = 401
        put("pennond.yaml", config("two"))
        daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "it asks at once, in vain")
        server.status = 200
        put("two", "default:production.three")
        eventually(lambda: daemon.environment()["state"] == "live", "it asks with the new key")
        self.assertIn(("/api/client/features", "default:production.three"), server.tokens)


class LayerTest(SourceTest):
    def test_later_sources_win_and_conflicts_are_listed(self):
        base = self.write("base.json", native(a=1, b=1))
        local = self.write("local.json", native(b=2, c=2))
        self.write("local.yaml", f"upstream: {{kind: file, file: {local}}}\n")
        config = self.write("pennond.yaml", f"sources: {{local: {self.directory / 'local.yaml'}}}\n")
        daemon = self.daemon("--config", str(config), "--upstream-kind", "file", "--upstream-file", str(base), *RARE)
        eventually(lambda: daemon.environment()["flags"] == 3, "merged")
        self.assertEqual([value(daemon, key) for key in "abc"], [1, 2, 2])
        shown = daemon.environment()
        self.assertEqual(shown["conflicts"], [{"kind": "flag", "key": "b", "used": "local", "hidden": "upstream"}])
        self.assertEqual([one["name"] for one in shown["sources"]], ["upstream", "local"])
        self.replace(local, native(c=3))
        eventually(lambda: value(daemon, "c") == 3, "a source has changed")
        self.assertEqual([value(daemon, "b"), daemon.environment()["conflictCount"]], [1, 0])

    def test_a_source_that_is_away_takes_nothing_away(self):
        server = self.serve(flagd(a=1))
        local = self.write("local.json", native(b=1))
        self.write("local.yaml", f"upstream: {{kind: file, file: {local}}}\n")
        config = self.write("pennond.yaml", f"sources: {{local: {self.directory / 'local.yaml'}}}\n")
        daemon = self.daemon("--config", str(config), "--upstream-kind", "flagd", "--upstream-url", server.url, *SOON)
        eventually(lambda: daemon.environment()["flags"] == 2, "merged")
        server.status = 503
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "one source is away")
        self.replace(local, native(b=2))
        eventually(lambda: value(daemon, "b") == 2, "the other is followed")
        self.assertEqual(value(daemon, "a"), 1)
        daemon.program.end()
        daemon.start()
        self.addCleanup(daemon.program.end)
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "still away")
        self.assertEqual([value(daemon, "a"), value(daemon, "b")], [1, 2])

    def two_servers(self, *pace):
        servers = [self.serve(flagd(a=1)), self.serve(flagd(b=1))]
        self.write("second.yaml", f"upstream: {{kind: flagd, url: {servers[1].url}}}\n")
        config = self.write("pennond.yaml", f"sources: {{second: {self.directory / 'second.yaml'}}}\n")
        daemon = self.daemon("--config", str(config), "--upstream-kind", "flagd", "--upstream-url", servers[0].url, "--upstream-stale-after", "3h", *pace)
        eventually(lambda: daemon.environment()["flags"] == 2, "merged")
        return daemon, *servers

    def test_a_source_that_refuses_does_not_slow_the_others(self):
        # Alone it would be asked again after 150 seconds at the earliest.
        daemon, refusing, good = self.two_servers("--upstream-poll-interval", "100ms", "--upstream-retry-max", "10m")
        refusing.status = 401
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "one refuses")
        good.body = flagd(b=2)
        eventually(lambda: value(daemon, "b") == 2, "the other is asked on")

    def test_a_source_that_is_away_for_a_moment_is_not_missed_for_a_whole_interval(self):
        daemon, first, second = self.two_servers("--upstream-poll-interval", "1h")
        daemon.program.end()
        second.status = 503
        first.body = flagd(a=2)
        daemon.start()
        self.addCleanup(daemon.program.end)
        eventually(lambda: daemon.environment()["state"] == "upstream-down", "one is away")
        second.status = 200
        eventually(lambda: value(daemon, "a") == 2 and daemon.environment()["state"] == "live", "it was asked again soon")

    def test_without_a_cached_set_the_others_are_followed_until_a_missing_source_answers(self):
        server = self.serve(flagd(a=1))
        local = pathlib.Path(self.directory) / "local.json"
        self.write("local.yaml", f"upstream: {{kind: file, file: {local}}}\n")
        config = self.write("pennond.yaml", f"sources: {{local: {self.directory / 'local.yaml'}}}\n")
        daemon = self.daemon("--config", str(config), "--upstream-kind", "flagd", "--upstream-url", server.url, *SOON)
        eventually(lambda: value(daemon, "a") == 1, "one of two serves")
        page = subprocess.run([BIN / "pennon", "--socket", daemon.socket, "status"], capture_output=True, text=True).stdout
        self.assertRegex(page, f"SOURCE +local: {local}: cannot open")
        server.body = flagd(a=2)
        eventually(lambda: value(daemon, "a") == 2, "and is followed")
        self.replace(local, native(b=1))
        eventually(lambda: value(daemon, "b") == 1, "the other has come")
        self.assertEqual(value(daemon, "a"), 2)


if __name__ == "__main__":
    unittest.main()
