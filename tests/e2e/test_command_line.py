"""Every mistake of an operator gets one line that names the place, and an exit code that tells its kind."""
import json
import os
import socket
import subprocess

from harness import BIN, ROOT, EndToEndTest, eventually
from test_tls import make_certificate


class CommandLineTest(EndToEndTest):
    def call(self, program, *arguments, environment=None, stdin=None):
        done = subprocess.run([BIN / program, *arguments], capture_output=True, text=True, timeout=60, input=stdin,
                              cwd=self.directory, env={**os.environ, **(environment or {})})
        return done.returncode, done.stdout, done.stderr

    def refused(self, expected_code, expected_text, program, *arguments, environment=None):
        code, out, err = self.call(program, *arguments, environment=environment)
        self.assertEqual(code, expected_code, err)
        self.assertEqual(len(err.strip().split("\n")), 1, err)
        self.assertTrue(err.startswith(program + ": "), err)
        self.assertIn(expected_text, err)

    def write(self, name, text, mode=0o600):
        path = self.folder("files") / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def test_every_program_tells_its_version_and_its_usage(self):
        versions = set()
        for program in ("pennond", "pennon-store", "pennon"):
            code, out, _ = self.call(program, "--version")
            self.assertEqual(code, 0)
            self.assertTrue(out.startswith(program + " "), out)
            versions.add(out.split()[1])
            code, out, _ = self.call(program, "--help")
            self.assertEqual(code, 0)
            self.assertIn("Usage:", out)
            command = ["health"] if program == "pennon" else []
            self.refused(2, "--nonsense", program, *command, "--nonsense")
        self.assertEqual(len(versions), 1)

    def test_a_key_of_the_store_that_everybody_may_read_or_that_is_none_is_exit_78(self):
        folder = self.folder("files")
        code, _, _ = self.call("pennon-store", "keygen", str(folder / "signing.pem"))
        self.assertEqual(code, 0)
        certificate, key = map(str, make_certificate(folder, "store"))
        serve = ("pennon-store", "--database", str(folder / "none.db"), "serve")
        signed = (*serve, "--signing-key-file", str(folder / "signing.pem"))
        encrypted = (*serve, "--tls-certificate-file", certificate, "--tls-key-file", key)
        self.refused(1, "none.db", *signed)
        self.refused(1, "none.db", *encrypted)
        (folder / "signing.pem").chmod(0o644)
        self.refused(78, "signing.pem: holds a secret but everybody may read it", *signed)
        (folder / "tls.key").chmod(0o604)
        self.refused(78, "tls.key: holds a secret but everybody may read it", *encrypted)
        self.write("tls.key", "no key")
        self.refused(78, "tls.key: is no private key", *encrypted)
        (folder / "tls.crt").unlink()
        self.refused(78, "tls.crt", *encrypted)

    def test_a_wrong_configuration_of_the_daemon_is_exit_78(self):
        bad = self.write("bad.yaml", "environment: e\nupstream:\n  pol: 3s\n")
        self.refused(78, "bad.yaml:3: there is no setting \"upstream.pol\"", "pennond", "--config", bad)
        self.refused(78, "none.yaml", "pennond", "--config", "none.yaml")
        self.refused(78, "environment: is missing", "pennond")
        self.refused(78, "PENNOND_ENVIRNMENT", "pennond", environment={"PENNOND_ENVIRNMENT": "e"})
        self.refused(78, "no/such", "pennond", "--environment", "e", "--cache-path", "",
                     "--socket-path", "no/such/socket")
        self.refused(78, "longer than", "pennond", "--environment", "e", "--cache-path", "",
                     "--socket-path", "x" * 200)
        self.refused(78, "no socket", "pennond", "--environment", "e", "--cache-path", "",
                     "--socket-path", self.write("file", "precious"))
        self.assertEqual((self.folder("files") / "file").read_text(), "precious")
        self.refused(78, "there is no group", "pennond", "--environment", "e", "--cache-path", "",
                     "--socket-path", "s", "--socket-group", "no-such-group")
        for none in ("4294967295", "4294967296", "99999999999999999999"):
            self.refused(78, "there is no group " + none, "pennond", "--environment", "e", "--cache-path", "",
                         "--socket-path", "s", "--socket-group", none)
        self.refused(2, "--http-port: http.port: is \"x\", expected a whole number", "pennond",
                     "--http-port", "x")

    def test_a_place_to_listen_that_may_be_had_later_is_no_mistake_in_the_configuration(self):
        common = ["--environment", "e", "--cache-path", "", "--socket-path", "s"]
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            self.refused(1, f"127.0.0.1:{port}: cannot listen", "pennond", *common, "--http-port", port, "--log-level", "off")
        self.refused(1, "192.0.2.1:8014: cannot listen", "pennond", *common, "--http-enabled", "false", "--log-level", "off",
                     "--admin-address", "192.0.2.1")
        self.refused(78, "expected an IP address", "pennond", *common, "--http-enabled", "false", "--log-level", "off",
                     "--admin-address", "here")

    def test_the_status_tells_an_upstream_that_is_away_from_a_set_that_is_refused_and_from_no_set(self):
        file = self.write("flags.json", "nothing yet")
        daemon = self.start_daemon(arguments=["--upstream-kind", "file", "--upstream-file", file, "--upstream-poll-interval", "100ms"])

        def page(state):
            show = lambda: self.call("pennon", "--socket", daemon.socket, "status")[1]
            return eventually(lambda: f"  state       {state}" in show() and show(), lambda: f"{state} in {show()}")
        lines = page("NOT READY").splitlines()
        self.assertIn("  confirmed   never", lines)
        flag = {"type": "boolean", "variants": [{"key": "on", "value": True}], "enabled": True, "offVariant": "on", "default": {"variant": "on"}}
        document = lambda count: json.dumps({"environment": "production", "flags": {f"f{i}": flag for i in range(count)}})
        self.write("flags.json", document(20))
        page("live")
        self.write("flags.json", document(1))
        held = page("SET REFUSED")
        self.assertEqual(held.count("(pennon accept)"), 1)
        self.assertNotIn("last error", held)
        os.unlink(file)
        self.assertIn("  last error", page("UPSTREAM DOWN"))

    def test_all_flags_are_a_table_of_whole_characters_and_none_is_no_answer(self):
        text = lambda value: {"type": "string", "variants": [{"key": "a", "value": value}], "enabled": True, "offVariant": "a",
                              "default": {"variant": "a"}}
        file = self.write("flags.json", "nothing yet")
        daemon = self.start_daemon(arguments=["--upstream-kind", "file", "--upstream-file", file, "--upstream-poll-interval", "100ms"])
        ask = lambda *arguments: self.call("pennon", "--socket", daemon.socket, "flags", *arguments)
        self.assertEqual(ask(), (1, "", "pennon: there is no flag set yet\n"))
        self.assertEqual(ask("--json")[0], 1)
        values = ["\u20ac" * length for length in range(10, 20)] + ["\u00f8" * 30, "x"]
        self.write("flags.json", json.dumps({"environment": "production", "flags": {f"f{i:02}": text(value) for i, value in enumerate(values)}}))
        eventually(lambda: ask()[0] == 0, "there are flags")
        lines = ask()[1].splitlines()[:-1]  # read as UTF-8, so no character is cut
        self.assertEqual(len({line.rindex("  ") for line in lines}), 1, lines)

    def test_an_answer_that_could_not_be_written_is_a_failure(self):
        document = self.write("good.json", '{"environment": "e", "flags": {}}')
        for program, arguments in (("pennon", ["convert", document]), ("pennon", ["lint", document]), ("pennon", ["--version"]),
                                   ("pennond", ["--environment", "e", "--print-config"]), ("pennon-store", ["--print-config"])):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([BIN / program, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (1, program + ": standard output could not be written\n"), arguments)

    def test_a_watch_ends_when_nobody_can_be_told(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", str(ROOT / "config" / "example-flags.json")])
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([BIN / "pennon", "--socket", daemon.socket, "watch"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, "pennon: standard output could not be written\n"))

    def test_closed_standard_streams_are_nothing_that_a_program_opens(self):
        daemon = self.start_daemon()
        probe = subprocess.run(["sh", "-c", f'exec "{BIN}/pennon" --socket "{daemon.socket}" status >&-'], timeout=60)
        self.assertEqual(probe.returncode, 0)
        child = subprocess.Popen(["sh", "-c", f'exec "{BIN}/pennond" --environment e --cache-path "" --socket-path s --http-enabled false '
                                  '<&- >&- 2>&-'], cwd=self.folder("closed"))
        try:
            eventually(lambda: os.path.exists(self.folder("closed") / "s"), "it listens")
            self.assertEqual({os.readlink(f"/proc/{child.pid}/fd/{number}") for number in range(3)}, {"/dev/null"})
        finally:
            child.terminate()
            child.wait(timeout=60)

    def test_a_value_that_is_no_choice_is_named_with_where_it_was_given(self):
        for text, expected in (("log: {level: loud}", "c.yaml:2: log.level: expected debug"),
                               ("admin:\n  address: host", "c.yaml:3: admin.address: is \"host\", expected an IP address"),
                               ("http: {environment: other}", "c.yaml:2: http.environment: is \"other\", which is not served here"),
                               ("context: {headers: {'X Y': a}}", "c.yaml:2: context.headers.X Y: is not the name of a header"),
                               ("peers: {environments: {'uid:x': e}}", "c.yaml:2: peers.environments.uid:x: "),
                               ("upstream: {retry_max: 25h}", "c.yaml:2: upstream.retry_max: is 25h, expected at least 100ms and at most 24h"),
                               ("upstream: {max_body: 1}", "expected at least 1KiB and at most 256MiB")):
            self.refused(78, expected, "pennond", "--config", self.write("c.yaml", "environment: e\n" + text), "--check-config")
        self.refused(78, "PENNOND_LOG_LEVEL: log.level: ", "pennond", "--environment", "e", environment={"PENNOND_LOG_LEVEL": "loud"})
        self.refused(78, "--upstream-stale-after: upstream.stale_after: must", "pennond", "--environment", "e", "--upstream-stale-after", "5s")
        self.refused(78, "pennond: upstream.key_file: is missing", "pennond", "--environment", "e", "--upstream-url", "http://x")
        self.refused(78, "--http-token-file: http.token_file: none: cannot open", "pennond", "--environment", "e", "--cache-path=",
                     "--socket-path", "s", "--http-token-file", "none")

    def test_the_files_of_environments_and_sources_are_named_and_have_addresses_of_their_own(self):
        def part(text, main="environments: {other: part.yaml}"):
            self.folder("files")
            self.write("../part.yaml", text)
            return ["--config", self.write("m.yaml", f"environment: e\n{main}\nupstream: {{kind: flagd, url: 'http://127.0.0.1:1/'}}\n"), "--check-config"]
        self.refused(78, "pennond: part.yaml:2: upstream.kind: is \"no\", expected", "pennond", *part("upstream:\n  kind: no\n"))
        self.refused(78, "pennond: part.yaml: upstream.key_file: is missing", "pennond", *part("upstream: {kind: unleash}\n"))
        self.refused(78, "pennond: part.yaml: none.yaml: cannot open", "pennond", *part("sources: {a: none.yaml}\n"))
        self.refused(78, "pennond: part.yaml: names no upstream.url", "pennond", *part("upstream: {kind: file}\n", "sources: {a: part.yaml}"))
        code, out, err = self.call("pennond", *part("upstream: {kind: file, file: flags.json}\n"))
        self.assertEqual((code, out, err), (0, "the configuration is fine\n", ""))

    def test_the_group_of_the_socket_may_be_a_number_without_a_name(self):
        group = 54321 if os.getuid() == 0 else os.getgid()
        daemon = self.start_daemon(arguments=["--socket-group", str(group)])
        self.assertEqual(os.stat(daemon.socket).st_gid, group)

    def test_lint_names_the_places_of_a_flagd_document(self):
        bad = self.write("flagd.json", """{"flags": {"f": {"state": "ENABLED", "variants": {"a": true},
  "targeting": {"if": [{"nope": [1]}, "a"]}}}}""")
        code, out, _ = self.call("pennon", "lint", "--from", "flagd", bad)
        self.assertEqual(code, 1)
        self.assertTrue(out.startswith(f'{bad}:2:23: flags.f.targeting.if[0]: "nope" is not an operator'), out)

    def test_explain_reads_a_document_of_any_format(self):
        body = self.write("features.json", json.dumps({"features": [{"name": "f", "enabled": True, "strategies": [
            {"name": "flexibleRollout", "parameters": {"rollout": "73", "groupId": "gr1"}}]}]}))
        code, out, err = self.call("pennon", "explain", "f", "--file", body, "--from", "unleash", "-k", "123")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines()[0], "f = true  TARGETING_MATCH")
        self.assertIn("place 72 of 100, let in are 0 … 72: yes", out)
        self.refused(1, "cannot open", "pennon", "explain", "f", "--file", "none.json")
        self.refused(1, "--now", "pennon", "explain", "f", "--file", body, "--now", "yesterday")

    def test_lint_names_file_line_and_column_of_every_mistake(self):
        good = str(ROOT / "config" / "example-flags.json")
        code, out, err = self.call("pennon", "lint", good)
        self.assertEqual((code, out, err), (0, "1 file, nothing wrong\n", ""))
        bad = self.write("bad.json", """{"environment": "e", "flags": {
  "b": {"type": "colour"},
  "a": {"type": "boolean", "variants": [{"key": "on", "value": true}],
        "rules": [{"when": {"attr": "v", "op": "regex", "values": ["("]}, "serve": {"variant": "on"}}]}}}""")
        broken = self.write("broken.json", '{"environment": "e",\n  "flags": {]')
        code, out, err = self.call("pennon", "lint", good, bad, broken, "none.json")
        self.assertEqual(code, 1)
        lines = out.splitlines()
        self.assertEqual(lines[0], f'{bad}:2:9: flags.b.type: is "colour", expected boolean, string, integer, '
                                   'number or object')
        self.assertTrue(lines[1].startswith(f"{bad}:4:68: flags.a.rules[0].when.values[0]: is no regular"), lines[1])
        self.assertTrue(lines[2].startswith(f"{broken}:2:"), lines[2])
        self.assertTrue(lines[3].startswith("none.json:1:1: cannot open"), lines[3])
        self.assertEqual(lines[4:], ["4 files, 4 problems"])
        code, out, _ = self.call("pennon", "lint", "--json", bad)
        findings = json.loads(out)["findings"]
        self.assertEqual((code, [(one["line"], one["column"], one["path"]) for one in findings]),
                         (1, [(2, 9, "flags.b.type"), (4, 68, "flags.a.rules[0].when.values[0]")]))

    YAML = """environment: e
flags:
  a:
    type: boolean
    variants: [{key: on, value: true}, {key: off, value: false}]
    default: {variant: on}
"""

    def test_lint_reads_yaml_and_standard_input(self):
        self.assertEqual(self.call("pennon", "lint", self.write("good.yaml", self.YAML)),
                         (0, "1 file, nothing wrong\n", ""))
        bad = self.YAML.replace("{variant: on}", "\n      variant: purple")
        code, out, err = self.call("pennon", "lint", "-", stdin=bad)
        self.assertEqual((code, err), (1, ""))
        self.assertEqual(out, 'standard input:7:7: flags.a.default.variant: there is no variant "purple"\n'
                              "1 file, 1 problem\n")
        twice = self.write("twice.yaml", self.YAML + "  a: {}\n")
        self.assertEqual(self.call("pennon", "lint", twice)[1].splitlines()[0],
                         f'{twice}:7:3: the key "a" is given twice in one object')
        self.refused(2, "--from: x not in", "pennon", "lint", "--from", "x", bad)

    def test_convert_prints_a_native_document_and_complains_beside_it(self):
        code, out, err = self.call("pennon", "convert", self.write("good.yaml", self.YAML))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out, """{
  "environment": "e",
  "flags": {
    "a": {
      "type": "boolean",
      "variants": [{"key": "on", "value": true}, {"key": "off", "value": false}],
      "default": {"variant": "on"}
    }
  }
}
""")
        self.assertEqual(self.call("pennon", "convert", "-", stdin=out), (0, out, ""))
        wrong = self.YAML.replace("{variant: on}", "{variant: purple}")
        code, out, err = self.call("pennon", "convert", "-", stdin=wrong)
        self.assertEqual((code, json.loads(out)["environment"]), (1, "e"))
        self.assertEqual(err, 'standard input:6:15: flags.a.default.variant: there is no variant "purple"\n')
        code, out, err = self.call("pennon", "convert", "-", stdin="a: [")
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith("standard input:1:"), err)

    def test_yaml_is_imported_and_bootstraps(self):
        database = str(self.folder("files") / "yaml.db")
        self.assertEqual(self.call("pennon-store", "init", "--database", database)[0], 0)
        document = self.write("flags.yaml", self.YAML)
        code, out, err = self.call("pennon-store", "import", document, "--database", database)
        self.assertEqual(code, 0, err)
        self.assertIn("environment e (created)", out)
        self.refused(78, "b.yaml:2:1: the key", "pennond", "--environment", "e", "--cache-path", "", "--socket-path", "s",
                     "--bootstrap-file", self.write("b.yaml", "environment: e\nenvironment: e\n"))
        self.refused(78, "bootstrap.format", "pennond", "--environment", "e", "--bootstrap-format", "toml")

    def test_a_wrong_bootstrap_file_is_refused_with_its_place(self):
        def refused(text, expected):
            self.refused(78, expected, "pennond", "--environment", "e", "--cache-path", "",
                         "--socket-path", "s", "--bootstrap-file", self.write("b.json", text))
        refused("{\n \"environment\": \"e\",\n x}", "3:2")
        refused("{}", "environment: is missing")
        refused('{"environment": "other", "flags": {}}', "environment \"other\"")
        refused('{"environment": "e", "flags": {}, "extra": 1}', "extra: is not known here")

    def test_the_environment_wins_over_the_file_and_a_flag_over_both(self):
        config = self.write("c.yaml", "environment: from-file\nhttp:\n  port: 1000\nworkers: 3\ndefaults: {a: 1}\n")
        environment = {"PENNOND_HTTP_PORT": "2000", "PENNOND_WORKERS": "2"}
        code, out, _ = self.call("pennond", "--config", config, "--workers", "5", "--print-config",
                                 environment=environment)
        self.assertEqual(code, 0)
        self.assertIn('environment: "from-file"', out)
        self.assertIn("port: 2000  # PENNOND_HTTP_PORT", out)
        self.assertIn("workers: 5  # --workers", out)
        self.assertIn(f'defaults: {{"a":1}}  # {config}:5', out)
        code, out, _ = self.call("pennond", "--config", config, "--check-config")
        self.assertEqual((code, out), (0, "the configuration is fine\n"))

    def test_an_empty_value_after_an_equals_sign_takes_no_other_argument(self):
        code, out, err = self.call("pennond", "--environment=e", "--cache-path=", "--check-config")
        self.assertEqual((code, out, err), (0, "the configuration is fine\n", ""))
        code, out, _ = self.call("pennond", "--environment=e", "--print-config", "--cache-path=")
        self.assertIn('path: ""  # --cache-path', out)
        self.refused(2, "--http-port: http.port: is \"\"", "pennond", "--http-port=", "--check-config")
        code, out, err = self.call("pennon-store", "serve", "--signing-key-file=", "--check-config")
        self.assertEqual((code, out, err), (0, "the configuration is fine\n", ""))
        self.refused(1, "not alive", "pennon", "--socket=", "health")
        self.assertNotIn("health", self.call("pennon", "--environment=", "--socket", "none", "health")[2])

    def test_the_shipped_configurations_are_valid(self):
        for program, name in (("pennond", "pennond.yaml"), ("pennon-store", "pennon-store.yaml")):
            code, _, err = self.call(program, "--config", str(ROOT / "config" / name), "--check-config")
            self.assertEqual(code, 0, err)

    def test_the_store_refuses_what_would_lose_something(self):
        database = str(self.folder("files") / "s.db")
        self.refused(2, "expected a command", "pennon-store", "--database", database)
        self.refused(1, "init", "pennon-store", "serve", "--database", database)
        code, out, _ = self.call("pennon-store", "init", "--database", database)
        self.assertEqual(code, 0)
        self.assertIn("pn_admin_", out)
        self.refused(1, "s.db", "pennon-store", "init", "--database", database)
        document = self.write("d.json", json.dumps({"environment": "e", "flags": {"f": {"type": "colour"}}}))
        self.refused(1, "flags.f", "pennon-store", "import", document, "--database", database)
        self.refused(1, "none.json", "pennon-store", "import", "none.json", "--database", database)

    def test_pennon_tells_what_is_wrong(self):
        self.refused(2, "subcommand", "pennon")
        self.refused(2, "flag", "pennon", "eval")
        self.refused(2, "name=value", "pennon", "eval", "f", "-a", "country")
        self.refused(2, "--context:1:2: ", "pennon", "eval", "f", "--context", "{x")
        self.refused(1, "cannot connect", "pennon", "eval", "f", "--socket", "none.sock")
        self.refused(1, "not alive", "pennon", "health", "--socket", "none.sock")
        self.refused(1, "not ready", "pennon", "ready", "--socket", "none.sock")

    def test_the_status_of_a_daemon_without_flags_claims_none(self):
        daemon = self.start_daemon()
        code, out, _ = self.call("pennon", "status", "--socket", daemon.socket)
        self.assertEqual(code, 0)
        self.assertRegex(out, r"state +NOT READY")
        self.assertRegex(out, r"flags +none yet\n")
        self.assertRegex(out, r"confirmed +never\n")
        self.assertIn(b"\npennon_cache_ok 1\n", daemon.get("/metrics")[2])
        without = self.start_daemon(arguments=["--cache-path="], name="without")  # or an alert would ring for ever
        self.assertNotIn(b"pennon_cache", without.get("/metrics")[2])
        self.refused(1, "not ready: there is no flag set yet of production", "pennon", "ready", "--socket", daemon.socket)

    def test_pennon_shows_flags_status_and_readiness(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file",
                                              str(ROOT / "config" / "example-flags.json")])
        at = ["--socket", daemon.socket]
        code, out, _ = self.call("pennon", "eval", "banner", "-k", "user-7", *at)
        self.assertEqual(code, 0)
        self.assertIn('banner = "Welcome to the beta"', out)
        self.assertIn("bootstrap", out)
        code, out, _ = self.call("pennon", "eval", "banner", "-a", 'account={"orders": 3}', "--json", *at)
        self.assertEqual(json.loads(out)["banner"]["value"], "Welcome")
        code, out, _ = self.call("pennon", "flags", "--json", *at)
        self.assertEqual(len(json.loads(out)), 4)
        code, out, _ = self.call("pennon", "status", *at)
        self.assertIn("serving without an upstream", out)
        self.assertEqual(self.call("pennon", "health", *at)[:2], (0, "alive\n"))
        self.assertEqual(self.call("pennon", "ready", *at)[:2], (0, "ready\n"))
        self.refused(1, "nope", "pennon", "status", "--environment", "nope", *at)
        code, out, _ = self.call("pennon", "eval", "nope", *at)
        self.assertEqual(code, 1)
        self.assertIn("FLAG_NOT_FOUND", out)
