"""Rows S: what strangers, web pages and careless operators try."""
import http.client
import os
import pathlib
import signal
import socket
import stat
import subprocess
import threading

from fault_test import *


class SecurityTest(FaultTest):
    def loopback(self, daemon, head):
        connection = socket.create_connection(daemon.http_address(), timeout=30)
        self.addCleanup(connection.close)
        connection.sendall(head)
        return connection.recv(65536)

    def test_S02_only_names_of_this_host_are_answered(self):
        daemon = self.bootstrapped()
        port = daemon.http_address()[1]
        ask = lambda *hosts: self.loopback(daemon, b"GET /status HTTP/1.1\r\n" + b"".join(b"Host: %s\r\n" % host.encode() for host in hosts) + b"\r\n")
        for host in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"localhost:{port}", "[::1]", f"[::1]:{port}"):
            self.assertTrue(ask(host).startswith(b"HTTP/1.1 200"), host)
        for hosts in (("evil.example",), ("127.0.0.1.nip.io",), ("localhost.evil.example",), ("0.0.0.0",), ("127.0.0.2",), ("127.1",), ("2130706433",),
                      ("user@127.0.0.1",), ("127.0.0.1", "evil.example"), ("evil.example", "127.0.0.1"), (), ("",), ("[::ffff:127.0.0.1]",), ("::1",),
                      ("localhost:x",), ("127.0.0.1:99999999999",), ("localhost/evil",), ("127.0.0.1#",)):
            self.assertRegex(ask(*hosts)[:12], rb"^(HTTP/1.1 4|$)", hosts)

    def test_S03_what_a_browser_adds_is_refused(self):
        daemon = self.bootstrapped()
        for header in ("Origin: http://evil.example", "Origin: null", "Origin: http://127.0.0.1", "Referer: http://x/", "Sec-Fetch-Site: cross-site",
                       "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: same-origin"):
            for name in (header, header.lower(), header.upper().replace("HTTP://", "http://")):
                said = self.loopback(daemon, b"GET /status HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n" % name.encode())
                self.assertTrue(said.startswith(b"HTTP/1.1 403"), (name, said[:50]))
                self.assertNotIn(b"access-control", said.lower())

    def test_S07_the_token_of_one_environment_finds_nothing_of_another(self):
        folder = self.folder("s07")

        def written(name, *flags):
            key, file = folder / f"{name}.token", folder / f"{name}.json"
            file.write_text(json.dumps({"environment": name, "flags": dict.fromkeys(flags, flag(1))}))
            key.write_text(f"token-of-{name}")
            key.chmod(0o600)
            return f"upstream: {{kind: file, file: {file}}}\nhttp: {{token_file: {key}}}\n"
        (folder / "canary.yaml").write_text(written("canary", "a", "canary-flag"))
        (folder / "main.yaml").write_text(written("production", "a") + f"environments: {{canary: {folder}/canary.yaml}}\n")
        daemon = self.start_daemon(arguments=["--config", str(folder / "main.yaml")])
        eventually(lambda: daemon.get("/readyz")[0] == 200, "both are in force")

        def ask(path, body=None, token="token-of-production"):
            status, headers, said = request(http.client.HTTPConnection(*daemon.http_address(), timeout=30), "POST" if body is not None else "GET", path,
                                            body, {"Authorization": "Bearer " + token})
            return status, str(headers), re.sub(r'"ageMs":\d+', "", said.decode())
        self.assertIn("canary-flag", ask("/evaluate", {}, "token-of-canary")[2])
        for path, body in (("/evaluate", {}), ("/ofrep/v1/evaluate/flags", {}), ("/status", None), ("/metrics", None)):
            status, headers, said = ask(path, body)
            self.assertEqual(status, 200, path)
            self.assertNotIn("canary", headers + said, path)
        for path, body in (("/evaluate", {"flag": "canary-flag"}), ("/ofrep/v1/evaluate/flags/canary-flag", {})):
            status, _, said = ask(path, body)
            unknown = ask(path.replace("canary", "nobody"), json.loads(json.dumps(body).replace("canary", "nobody")))
            self.assertEqual((status, said.replace("canary", "nobody")), (unknown[0], unknown[2]))

    def test_S07_an_environment_that_is_not_served_is_answered_like_one_that_does_not_exist(self):
        daemon = self.bootstrapped()
        client = self.frames(daemon)
        said = set()
        for name in ("staging", "nobody-has-this"):
            with self.assertRaises(FrameError) as caught:
                client.hello(name)
            said.add((caught.exception.args[0], caught.exception.args[1].replace(name, "X")))
        self.assertEqual(len(said), 1)

    def test_S08_secrets_and_attributes_are_nowhere_to_be_read(self):
        upstream = self.upstream()
        with open(upstream.key_file, "w") as key:
            key.write("canary-key-5c1f")
        token = self.folder("daemon") / "token"
        token.write_text("canary-token-77aa")
        token.chmod(0o600)
        daemon = self.live(upstream, ["--log-level", "debug", "--http-token-file", str(token)])
        attribute = {"targetingKey": "canary-user-91", "mail": "canary-mail@x", "canary-name": 1}
        for body in ({"flag": "a", "context": attribute}, {"flag": "canary-flag", "context": attribute}, {"context": {"mail": ["canary-mail@x"] * 20_000}}):
            request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", body)
        request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", '{"context":{"mail":"canary-mail@x"')
        request(UnixHttpConnection(daemon.socket), "POST", "/ofrep/v1/evaluate/flags/a", {"context": attribute})
        client = self.frames(daemon)
        client.hello("production")
        client.evaluate("a", attribute)
        with self.assertRaises(FrameError):
            client.evaluate("a", {"mail": [["canary-mail@x"]] * 10_001})
        http_ = http.client.HTTPConnection(*daemon.http_address(), timeout=30)
        request(http_, "GET", "/status", None, {"Authorization": "Bearer canary-wrong-token"})
        request(http.client.HTTPConnection(*daemon.http_address(), timeout=30), "GET", "/status", None, {"Authorization": "Bearer canary-token-77aa"})
        for status in (401, 403, 500):
            upstream.fault = lambda connection, _: connection.sendall(answer(status, b"canary-key-5c1f"))
            self.wait_mishaps(daemon, 1)
        upstream.fault = None
        daemon.program.process.send_signal(signal.SIGHUP)
        self.heal(upstream, daemon, 2)
        self.wait_kept(daemon, 2)
        process = daemon.program.process.pid
        seen = {"log": daemon.program.log.encode(), "status": daemon.get("/status")[2], "metrics": daemon.get("/metrics")[2],
                "command line": pathlib.Path(f"/proc/{process}/cmdline").read_bytes(), "environment": pathlib.Path(f"/proc/{process}/environ").read_bytes()}
        seen |= {path.name: path.read_bytes() for path in pathlib.Path(daemon.cache).parent.glob("cache.db*")}
        settings = subprocess.run([BIN / "pennond", *daemon.arguments, "--environment", "production", "--print-config"], capture_output=True, timeout=60)
        seen["--print-config"] = settings.stdout + settings.stderr
        for where, text in seen.items():
            self.assertNotIn(b"canary", text, where)

    @without_sanitizer("it takes the signals of a crash for itself")
    def test_S08_a_crash_leaves_no_core_whatever_the_host_allows(self):
        daemon = self.live(self.upstream(), POLL)
        daemon.evaluate({"context": {"mail": "canary-mail@x"}})
        process = daemon.program.process
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -signal.SIGKILL  # it is gone, and was meant to be
        self.assertEqual((os.WTERMSIG(status), os.WCOREDUMP(status)), (signal.SIGABRT, False))

    def test_S09_files_with_secrets_that_others_may_read_are_refused(self):
        folder = self.folder("s09")
        for name, mode in (("readable", 0o604), ("all", 0o666)):
            path = folder / name
            path.write_text("pn_sync_test")
            path.chmod(mode)
            started = subprocess.run([BIN / "pennond", "--environment", "e", "--cache-path", "", "--socket-path", str(folder / "s"), "--http-enabled", "true",
                                      "--http-port", "0", "--http-token-file", str(path)], capture_output=True, text=True, timeout=60)
            self.assertEqual((started.returncode, "http.token_file" in started.stderr), (78, True), started.stderr)
        upstream = self.upstream()
        daemon = self.live(upstream, POLL)
        os.chmod(upstream.key_file, 0o644)
        self.wait_mishaps(daemon, 1)
        self.assert_serves(daemon)
        os.chmod(upstream.key_file, 0o600)
        self.heal(upstream, daemon, 2)

    def test_S10_the_socket_never_has_a_wider_mode_than_it_should(self):
        folder = self.folder("s10")
        path = str(folder / "pennon.sock")
        wrong, stop = [], threading.Event()

        def watch():
            while not stop.is_set():
                for name in os.listdir(folder):
                    try:
                        info = os.lstat(folder / name)
                    except FileNotFoundError:
                        continue
                    # Whoever connects needs the right to write.
                    if stat.S_ISSOCK(info.st_mode) and info.st_mode & 0o002:
                        wrong.append((name, oct(info.st_mode)))
        thread = threading.Thread(target=watch)
        thread.start()
        try:
            for umask in (0, 0o077) * count("STARTS", 4):
                process = subprocess.Popen([BIN / "pennond", "--environment", "e", "--cache-path", "", "--socket-path", path, "--http-enabled", "false"],
                                           stderr=subprocess.DEVNULL, preexec_fn=lambda: os.umask(umask))
                eventually(lambda: os.path.exists(path), "it listens")
                self.assertEqual(stat.S_IMODE(os.lstat(path).st_mode), 0o660)
                process.terminate()
                process.wait(timeout=60)
        finally:
            stop.set()
            thread.join()
        self.assertEqual(wrong, [])

    def test_S12_hostile_names_stay_data(self):
        daemon = self.bootstrapped(["--log-level", "debug"])
        for key in ("../../etc/passwd", "a\r\nSet-Cookie: x=1", "\x1b[31mred", "%s%n%x", "a\nlevel=error", "{0}", "\u2028"):
            answered = daemon.flag(key, {"targetingKey": key})
            self.assertEqual(answered["errorCode"], "FLAG_NOT_FOUND")
            client = self.frames(daemon)
            client.hello("production", name=key)
            self.assertEqual(client.evaluate(key, {})["errorCode"], "FLAG_NOT_FOUND")
        for path in ("/ofrep/v1/evaluate/flags/%0d%0aSet-Cookie:%20x=1", "/ofrep/v1/evaluate/flags/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd"):
            status, headers, body = request(UnixHttpConnection(daemon.socket), "POST", path, {})
            self.assertIn(status, (400, 404, 405))
            self.assertNotIn("Set-Cookie", headers)
        for line in daemon.program.log.splitlines():
            self.assertRegex(line, "^time=")
            self.assertNotIn("\x1b", line)

    def test_S14_a_signing_key_is_changed_while_a_daemon_is_offline_and_the_old_one_ends(self):
        folder = self.folder("keys")

        def key(name):
            made = subprocess.run([BIN / "pennon-store", "keygen", folder / name], check=True, capture_output=True, text=True)
            return made.stdout
        old, new, trusted = key("old"), key("new"), folder / "trusted.pub"
        trusted.write_text(old + new)
        store = self.start_store(arguments=["--signing-key-file", str(folder / "old")])
        daemon = self.start_daemon(store, ["--upstream-public-key-file", str(trusted)])
        eventually(lambda: daemon.environment()["state"] == "live", "the old key's set is in force")
        self.wait_written(daemon, 1)
        daemon.program.kill()
        store.program.end()
        store.arguments[-1] = str(folder / "new")
        daemon.start()  # with the store away
        self.assertEqual(daemon.flag("banner")["source"], "cache")
        store.start()
        revision = store.configure("banner", {"default": {"variant": "sale"}})
        eventually(lambda: daemon.flag("banner")["revision"] == revision, "the new key's set is taken")
        self.wait_kept(daemon, revision)
        daemon.program.kill()
        store.program.end()
        trusted.write_text(new)
        daemon.start()
        self.assertEqual(daemon.flag("banner")["source"], "cache")  # it is the new key's
        daemon.program.kill()
        trusted.write_text(old)
        daemon.start()
        eventually(lambda: "signature" in daemon.program.log, "what the other key signed does not count any more")
        self.assertEqual(daemon.environment()["state"], "not-ready")
