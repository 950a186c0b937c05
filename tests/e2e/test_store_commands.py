"""The command line against a real store and a real daemon."""
import http.server
import json
import os
import pty
import subprocess
import sys
import threading

from harness import BIN, ROOT, EndToEndTest, eventually

sys.path.insert(0, str(ROOT / "tests" / "support"))
from hostile_daemon import HEADER, SUBSCRIBE, HostileDaemon  # noqa: E402

SCOPE = HEADER.size + 17  # where a changed frame has its scope


class OtherServer(http.server.ThreadingHTTPServer):
    """Answers every request in the same way: what stands where a store is thought to be."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), OtherServer.Handler)
        self.answer = (200, {}, b"")
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    class Handler(http.server.BaseHTTPRequestHandler):
        def reply(self):
            status, headers, body = self.server.answer
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} if status != 204 else {}).items() | headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = reply

        def log_message(self, *_):
            pass


class StoreCommandsTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder("config")), "NO_COLOR": "1"}

    def pennon(self, *arguments, stdin="", fails=False, cwd=None):
        done = subprocess.run([BIN / "pennon", *arguments], capture_output=True, text=True, input=stdin, timeout=60,
                              env=self.environment, cwd=cwd)
        self.assertEqual(done.returncode != 0, fails, done.stderr + done.stdout)
        return done.stderr if fails else done.stdout

    def login(self):
        self.pennon("login", self.store.url, stdin=self.store.token + "\n")

    def configuration(self, flag):
        return json.loads(self.pennon("flag", "get", flag, "--json"))

    def test_without_a_login_the_error_says_what_to_do(self):
        self.assertIn("pennon login URL", self.pennon("flag", "list", fails=True))
        self.assertIn("sign in", self.pennon("login", self.store.url, stdin="pn_admin_wrong\n", fails=True))

    def test_what_cannot_be_a_token_is_refused_before_it_is_sent(self):
        for wrong in ("", "\n", "pn_admin_a b\n", "pn_admin\x01\n", "a" * 5000):
            told = self.pennon("login", self.store.url, stdin=wrong, fails=True)
            self.assertIn("expected a line with the token", told)

    def test_the_blanks_around_a_token_are_none_of_it(self):
        self.pennon("login", self.store.url, stdin=f" \t{self.store.token} \r\n")

    def test_a_token_is_asked_for_on_a_terminal_only_and_not_shown_there(self):
        done = subprocess.run([BIN / "pennon", "login", self.store.url], input=self.store.token + "\n", capture_output=True,
                              text=True, env=self.environment, timeout=60)
        self.assertEqual("", done.stderr)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen([BIN / "pennon", "login", self.store.url], stdin=theirs, stdout=theirs, stderr=theirs,
                                   env=self.environment)
        os.close(theirs)
        shown = b""
        while b"token: " not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, self.store.token.encode() + b"\n")
        while b"kept in" not in shown:
            shown += os.read(ours, 1024)
        self.assertEqual(0, process.wait(60))
        self.assertNotIn(self.store.token.encode(), shown)

    def from_environment(self, **variables):
        self.environment.update({"PENNON_STORE_" + name: value for name, value in variables.items()})

    def other_server(self):
        other = OtherServer()
        self.addCleanup(other.close)
        token = self.folder("other") / "token"
        token.write_text("pn_admin_other")
        token.chmod(0o600)
        self.from_environment(URL=other.url, TOKEN_FILE=str(token))
        return other

    def test_a_redirect_is_a_failure_that_says_where_to_sign_in(self):
        other = self.other_server()
        for status in (301, 302, 303, 307, 308):
            other.answer = (status, {"Location": "https://flags.example/api/v1/environments/production/flags/banner"}, b"")
            told = self.pennon("flag", "kill", "banner", fails=True)
            self.assertIn("redirects to https://flags.example, and nothing was done", told)
            self.assertIn("pennon login https://flags.example\n", told)
        other.answer = (302, {"Location": "/sign-in?next=1"}, b"")
        told = self.pennon("flag", "on", "banner", fails=True)
        self.assertIn(f"redirects to {other.url}/sign-in?next=1, and nothing was done", told)
        self.assertIn("sign in with the store's own URL", told)
        other.answer = (304, {}, b"")
        self.assertIn("status 304", self.pennon("flag", "off", "banner", fails=True))

    def test_an_answer_that_no_store_gives_is_a_failure(self):
        other = self.other_server()
        for body in (b"", b"<html>Welcome</html>"):
            for status in (200, 201, 202):
                other.answer = (status, {}, body)
                for command in (("flag", "kill", "banner"), ("flag", "list"), ("flag", "create", "a"), ("segment", "delete", "a"),
                                ("env", "list"), ("export",), ("audit",)):
                    self.assertIn("no JSON document", self.pennon(*command, fails=True), command)
                self.assertIn("no JSON document", self.pennon("login", other.url, stdin="a\n", fails=True))
        self.assertFalse((self.folder("config") / "pennon" / "login.json").exists())
        other.answer = (204, {}, b"")
        self.pennon("segment", "delete", "a")
        for command in (("flag", "kill", "banner"), ("flag", "list"), ("export",)):
            self.assertIn("no JSON document", self.pennon(*command, fails=True), command)

    def test_half_of_the_environment_is_a_failure_and_not_the_store_of_the_login(self):
        self.login()
        before = self.configuration("banner")
        whole = dict(self.environment)
        token = self.folder("other") / "token"
        token.write_text(self.store.token)
        token.chmod(0o600)
        for variables, missing in (({"URL": "http://127.0.0.1:1"}, "PENNON_STORE_TOKEN_FILE: is missing"),
                                   ({"TOKEN_FILE": str(token)}, "PENNON_STORE_URL: is missing"),
                                   ({"CA_FILE": "ca.pem"}, "PENNON_STORE_URL: is missing"),
                                   ({"CA_FILE": "ca.pem", "URL": "https://127.0.0.1:1"}, "PENNON_STORE_TOKEN_FILE: is missing"),
                                   ({"URL": self.store.url, "TOKEN_FILE": ""}, "PENNON_STORE_TOKEN_FILE: is missing")):
            self.environment = dict(whole)
            self.from_environment(**variables)
            self.assertIn(missing, self.pennon("flag", "off", "banner", fails=True))
            self.assertIn(missing, self.pennon("diff", "store", "store", fails=True))
        self.environment = dict(whole)
        self.from_environment(URL="", TOKEN_FILE="", CA_FILE="")
        self.assertEqual(self.configuration("banner"), before)
        self.from_environment(URL=self.store.url, TOKEN_FILE=str(token))
        self.assertEqual(self.configuration("banner"), before)

    def test_a_login_is_kept_for_this_user_alone(self):
        self.login()
        self.assertEqual((self.folder("config") / "pennon" / "login.json").stat().st_mode & 0o777, 0o600)
        self.assertIn("new-checkout", self.pennon("flag", "list"))

    def test_a_flag_is_made_and_changed(self):
        self.login()
        self.assertIn("pennon flag on dark-mode", self.pennon("flag", "create", "dark-mode"))
        self.assertIn("is on in production", self.pennon("flag", "on", "dark-mode", "-m", "launch"))
        self.assertTrue(self.configuration("dark-mode")["enabled"])
        self.pennon("flag", "rollout", "dark-mode", "on=12.5", "off=87.5")
        weights = {one["variant"]: one["weight"] for one in self.configuration("dark-mode")["default"]["split"]["weights"]}
        self.assertEqual(weights["on"] * 7, weights["off"])
        self.pennon("flag", "target", "dark-mode", "on", "user-1", "user-2")
        self.assertEqual(self.configuration("dark-mode")["targets"][0]["values"], ["user-1", "user-2"])
        self.assertIn("dry run", self.pennon("flag", "kill", "dark-mode", "--dry-run"))
        self.assertNotIn("kill", self.configuration("dark-mode"))
        self.pennon("flag", "kill", "dark-mode", "-m", "slow")
        self.assertIn("kill", self.configuration("dark-mode"))
        self.pennon("flag", "unkill", "dark-mode")
        self.pennon("flag", "off", "dark-mode")
        self.assertFalse(self.configuration("dark-mode")["enabled"])
        self.assertIn("launch", self.pennon("audit", "dark-mode"))

    def test_a_login_is_never_kept_in_or_taken_from_the_current_folder(self):
        folder = self.folder("current")
        self.environment = {"PATH": os.environ["PATH"]}
        self.pennon("login", self.store.url, stdin=self.store.token, fails=True, cwd=folder)
        self.assertEqual(list(folder.iterdir()), [])
        self.environment["XDG_CONFIG_HOME"] = "."
        (folder / "pennon").mkdir()
        (folder / "pennon" / "login.json").write_text(json.dumps({"url": self.store.url, "token": self.store.token}))
        self.assertIn("pennon login", self.pennon("env", "list", fails=True, cwd=folder))

    def test_a_comment_cannot_look_like_other_rows_or_steer_the_terminal(self):
        self.login()
        self.pennon("flag", "create", "forged", "-m", "one\n2026-01-01T00:00:00Z  admin\x1b[31m\u202e\u0085")
        head, row = self.pennon("audit", "forged").splitlines()
        self.assertTrue(row.endswith(r"one\u000a2026-01-01T00:00:00Z  admin\u001b[31m\u202e\u0085"), row)

    def test_a_difference_says_which_flags_and_whose_answers(self):
        self.login()
        daemon = self.start_daemon(self.store)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon is live")
        self.environment["PENNON_SOCKET"] = daemon.socket
        folder = self.folder("diff")
        document = json.loads(self.pennon("export"))
        (folder / "old.json").write_text(json.dumps(document))
        self.assertIn("no definition differs", self.pennon("diff", "store", str(folder / "old.json"), "--exit-code"))
        self.assertIn("no definition differs", self.pennon("diff", "store@2099-01-01T00:00:00Z", "store", "--exit-code"))
        self.assertIn("was not there then", self.pennon("diff", "store@2020-01-01T00:00:00Z", "store", fails=True))
        document["flags"]["banner"]["default"] = {"variant": "sale"}
        document["flags"]["fresh"] = {"type": "boolean", "variants": [{"key": "on", "value": True}], "default": {"variant": "on"}}
        del document["flags"]["search-limits"]
        (folder / "new.json").write_text(json.dumps(document))
        (folder / "contexts.jsonl").write_text('{"targetingKey": "anna"}\n\n{"targetingKey": "user-9", "country": "NO"}\n')
        pair = ("diff", str(folder / "old.json"), str(folder / "new.json"))
        seen = self.pennon(*pair)
        for row in (r"flag +banner +changed +default\n", r"flag +fresh +new", r"flag +search-limits +gone"):
            self.assertRegex(seen, row)
        contexts = ("--contexts", str(folder / "contexts.jsonl"))
        told = json.loads(self.pennon(*pair, *contexts, "--json"))
        self.assertEqual([one["key"] for one in told["definitions"]], ["banner", "fresh", "search-limits"])
        anna = {one["flag"]: one for one in told["answers"] if one["context"] == "anna"}
        self.assertEqual(set(anna), {"banner", "fresh", "search-limits"})
        self.assertEqual((anna["banner"]["before"]["value"], anna["banner"]["after"]["value"]),
                         ("Welcome", "Everything at half price"))
        self.assertIsNone(anna["fresh"]["before"])
        live = json.loads(self.pennon("diff", "live", str(folder / "new.json"), *contexts, "--json"))
        self.assertEqual((live["definitions"], live["answers"]), (None, told["answers"]))
        self.assertNotIn("definition", self.pennon("diff", "live", str(folder / "new.json"), *contexts))
        self.assertIn("exit", self.pennon("diff", "--help"))
        self.pennon(*pair, "--exit-code", "--json", fails=True)
        self.assertIn("--contexts FILE", self.pennon("diff", "live", str(folder / "new.json"), fails=True))
        self.assertIn("contexts.jsonl:1", self.pennon(*pair, "--contexts", self.broken(folder / "contexts.jsonl"), fails=True))
        self.assertIn("nowhere.json", self.pennon("diff", str(folder / "nowhere.json"), "store", fails=True))
        codes = [subprocess.run([BIN / "pennon", "diff", *files, "--exit-code"], capture_output=True).returncode
                 for files in (pair[1:], pair[1:2] * 2, (pair[1], "/nowhere.json"))]
        self.assertEqual(codes, [1, 0, 2])

    @staticmethod
    def broken(path):
        path.write_text("nonsense\n")
        return str(path)

    def test_mistakes_are_named(self):
        self.login()
        self.assertIn("100 together", self.pennon("flag", "rollout", "new-checkout", "on=10", "off=20", fails=True))
        self.assertIn("name=value", self.pennon("flag", "rollout", "new-checkout", "on", fails=True))
        self.assertIn("nothing", self.pennon("flag", "on", "nothing", fails=True))

    def test_environments_segments_and_whole_documents(self):
        self.login()
        self.pennon("env", "create", "staging")
        self.assertIn("staging", self.pennon("env", "list"))
        document = self.pennon("export")
        self.pennon("import", "-", "--environment", "staging", stdin=document)
        self.assertIn("new-checkout", self.pennon("export", "--environment", "staging"))
        self.pennon("segment", "set", "staff", "-", stdin='{"included": ["user-1"]}')
        self.assertIn("staff", self.pennon("segment", "list"))
        self.assertIn("user-1", self.pennon("segment", "get", "staff"))
        self.pennon("segment", "delete", "staff")
        self.assertNotIn("staff", self.pennon("segment", "list"))

    def test_watch_prints_changes(self):
        self.login()
        daemon = self.start_daemon(self.store)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        watch = subprocess.Popen([BIN / "pennon", "--socket", daemon.socket, "watch", "--count", "2", "--json"],
                                 stdout=subprocess.PIPE, text=True, env=self.environment)
        self.addCleanup(watch.stdout.close)
        json.loads(watch.stdout.readline())
        self.pennon("flag", "off", "banner")
        changed = json.loads(watch.stdout.readline())
        self.assertTrue(changed["all"] or "banner" in changed["flags"], changed)
        self.assertEqual(watch.wait(timeout=60), 0)

    def test_a_watch_says_once_that_the_daemon_is_away_and_goes_on_when_it_is_back(self):
        self.login()
        daemon = self.start_daemon(self.store)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        watch = subprocess.Popen([BIN / "pennon", "--socket", daemon.socket, "watch", "--count", "2"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.stderr.close)
        watch.stdout.readline()
        daemon.program.kill()
        self.assertTrue(watch.stderr.readline().endswith("; trying again\n"))
        self.pennon("flag", "off", "banner")
        daemon.start()
        self.assertEqual(watch.wait(timeout=60), 0)
        self.assertEqual(watch.stderr.read(), "")

    def test_a_sign_of_life_is_no_change(self):
        self.login()
        daemon = self.start_daemon(self.store)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        between = HostileDaemon(self.folder("between") / "pennon.sock", daemon.socket)
        self.addCleanup(between.close)

        def beat_too(kind, _, answer, descriptors):
            beat = bytearray(answer)
            if kind == SUBSCRIBE:
                beat[SCOPE] = 0
            return answer + beat * (kind == SUBSCRIBE), descriptors
        between.spoil = beat_too
        watch = subprocess.Popen([BIN / "pennon", "--socket", between.path, "watch", "--count", "2", "--json"],
                                 stdout=subprocess.PIPE, text=True, env=self.environment)
        self.addCleanup(watch.stdout.close)
        self.assertTrue(json.loads(watch.stdout.readline())["all"])
        between.spoil = lambda kind, number, answer, descriptors: (answer, descriptors)
        self.pennon("flag", "off", "banner")
        changed = json.loads(watch.stdout.readline())
        self.assertTrue(changed["all"] or "banner" in changed["flags"], changed)
        self.assertEqual(watch.wait(timeout=60), 0)

    def test_the_status_says_that_an_older_set_serves_by_order(self):
        self.login()
        daemon = self.start_daemon(self.store)
        at = ("--socket", daemon.socket)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon has the store's set")
        first = daemon.environment()["revision"]

        def lines():
            return [line for line in self.pennon("status", *at).splitlines() if line.startswith(("  PINNED", "  ROLLED"))]

        self.assertEqual(lines(), [])
        self.pennon("pin", *at)
        epoch = daemon.environment()["epoch"]
        self.assertEqual(lines(), [f"  PINNED      {epoch}.{first} serves, also when there is a newer set; end it with: pennon unpin"])
        self.pennon("flag", "off", "banner")
        newest = eventually(lambda: daemon.environment().get("newest"), "the newer set has come")
        self.assertEqual(lines(), [f"  PINNED      {epoch}.{first} serves; the newest is {newest}; end it with: pennon unpin"])
        self.pennon("unpin", *at)
        self.assertEqual(lines(), [])
        self.pennon("rollback", *at)
        self.assertEqual(lines(), [f"  ROLLED BACK {epoch}.{first} serves until there is a newer set than {newest}; "
                                   "end it with: pennon unpin"])

    def test_completion_knows_commands_and_options(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.pennon("completion", shell)
            self.assertIn("rollout", script)
            self.assertIn("socket", script)
        done = subprocess.run(["bash", "-c", self.pennon("completion", "bash") +
                               "\nCOMP_WORDS=(pennon flag ro); COMP_CWORD=2; _pennon; echo ${COMPREPLY[@]}"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout.strip(), "rollout", done.stderr)
