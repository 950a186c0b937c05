"""Who may ask a daemon, and how much: users by the kernel's word, tokens, listeners, limits."""
import http.client
import json
import os
import signal
import socket
import subprocess
import unittest

from frame_client import FrameClient, FrameError
from harness import BIN, ROOT, EndToEndTest, UnixHttpConnection, eventually, free_port, request

EXAMPLE = str(ROOT / "config" / "example-flags.json")
STRANGER = 65534


def attempts(path):
    """What each way in answers to this process: a value, an error's code, or "closed"."""
    def frames(order=None):
        client = FrameClient(path, 30)
        try:
            if order:
                return client.order(order)["program"]
            client.hello("production")
            return client.evaluate("banner", {}).get("value")
        finally:
            client.close()

    def attempt(ask):
        try:
            return ask()
        except FrameError as error:
            return error.args[0]
        except PermissionError:
            return "no permission"
        except OSError:
            return "closed"
    http = lambda path_asked: request(UnixHttpConnection(path), "POST", path_asked, {})[0]
    return {"frames": attempt(frames), "order": attempt(lambda: frames("status")),
            "http": attempt(lambda: http("/evaluate")), "ofrep": attempt(lambda: http("/ofrep/v1/evaluate/flags"))}


def attempts_as(path, uid, groups, attempts=attempts):
    """The same by another user: in a child, because the interpreter may not be that user's to start."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(uid)
            os.setuid(uid)
            os.write(writing, json.dumps(attempts(path)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


class SecurityTest(EndToEndTest):
    def serve(self, config="", arguments=()):
        path = self.folder("daemon") / "pennond.yaml"
        path.write_text(config)
        os.chmod(self.directory, 0o755)
        return self.start_daemon(arguments=["--bootstrap-file", EXAMPLE, "--config", str(path), *arguments])

    def ask_as(self, daemon, uid, groups=()):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can be another user")
        return attempts_as(daemon.socket, uid, list(groups))

    def loopback(self, daemon, path, headers=None, method="GET", body=None, name="http"):
        address, = [one["address"] for one in daemon.status()["listeners"] if one["name"] == name]
        host, port = address.rsplit(":", 1)
        return request(http.client.HTTPConnection(host, int(port), timeout=30), method, path, body, headers)

    def test_a_stranger_is_refused_by_the_mode_and_by_rules_when_the_mode_is_open(self):
        daemon = self.serve()
        self.assertEqual(self.ask_as(daemon, STRANGER)["frames"], "no permission")
        self.assertEqual(os.stat(daemon.socket).st_mode & 0o777, 0o660)
        daemon.program.end()
        everything = {"frames": "Welcome", "order": 4, "http": 200, "ofrep": 200}
        for rules, expected in (
                ("{}", everything),
                ("{uid:65534: production}", everything), ("{user:nobody: 'staging production'}", everything),
                ("{gid:65534: '*'}", everything), ("{'*': production, uid:0: staging}", everything),
                ("{gid:4242: production}", everything),  # a supplementary group
                ("{uid:65534: staging}", {"frames": 4, "order": 4, "http": 403, "ofrep": 403}),
                ("{uid:0: production}", dict.fromkeys(everything, "closed")),
                ("{gid:0: production}", dict.fromkeys(everything, "closed"))):
            with self.subTest(rules):
                daemon = self.serve(f"peers:\n  environments: {rules}\nsocket:\n  mode: '0666'\n")
                self.assertEqual(self.ask_as(daemon, STRANGER, [4242]), expected)
                self.assertEqual("where the rules do not hold" in daemon.program.log, rules != "{}")
                daemon.program.end()

    def test_only_operators_give_orders(self):
        daemon = self.serve("peers:\n  admin_group: nogroup\nsocket:\n  mode: '0666'\n")
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        self.assertEqual(client.order("status")["program"], "pennond")  # the daemon's own user, before any hello
        with self.assertRaisesRegex(FrameError, "is not known; known are"):
            client.order("format")
        with self.assertRaises(FrameError):
            client.order("rollback", "no such")
        self.assertIsInstance(client.order("reload"), dict)
        self.assertIn("verb=reload", daemon.program.log)
        self.assertEqual(self.ask_as(daemon, STRANGER)["order"], "pennond")  # of the group
        self.assertEqual(self.ask_as(daemon, 12345)["order"], 4)
        self.assertEqual(self.ask_as(daemon, 12345, [STRANGER])["order"], "pennond")

    def test_loopback_wants_the_token_when_there_is_one(self):
        token_file = self.folder("daemon") / "token"
        token_file.write_text("s3cret-canary\n")
        token_file.chmod(0o600)
        daemon = self.serve(arguments=["--http-token-file", str(token_file)])
        bulk = lambda headers: self.loopback(daemon, "/ofrep/v1/evaluate/flags", headers, "POST", {})
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret-canary"}, {"X-API-Key": "s3cret"},
                        {"Authorization": "Bearer "}):
            status, sent, body = bulk(headers)
            self.assertEqual((status, sent["WWW-Authenticate"], json.loads(body)["errorCode"]), (401, "Bearer", "GENERAL"))
            for path in ("/status", "/metrics", "/", "/ofrep/v1/events"):
                self.assertEqual(self.loopback(daemon, path, headers)[0], 401, path)
        for headers in ({"Authorization": "Bearer s3cret-canary"}, {"X-API-Key": "s3cret-canary"}):
            status, _, body = bulk(headers)
            self.assertEqual(status, 200)
            self.assertEqual(self.loopback(daemon, "/metrics", headers)[0], 200)
        self.assertEqual([self.loopback(daemon, path)[0] for path in ("/livez", "/readyz")], [200, 200])
        uri = json.loads(body)["eventStreams"][0]["endpoint"]["requestUri"]
        self.assertNotIn("s3cret-canary", uri)
        connection = http.client.HTTPConnection(*daemon.http_address(), timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", uri)
        answer = connection.getresponse()
        self.addCleanup(answer.close)
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.loopback(daemon, uri.replace("ticket=", "ticket=0"))[0], 401)
        self.assertEqual(request(UnixHttpConnection(daemon.socket), "POST", "/evaluate", {})[0], 200)  # no token there
        self.assertNotIn("s3cret", daemon.program.log + json.dumps(daemon.status()))

    def test_a_stream_ends_when_a_reload_finds_another_token(self):
        token_file = self.folder("daemon") / "token"
        token_file.write_text("first")
        token_file.chmod(0o600)
        daemon = self.serve(arguments=["--http-token-file", str(token_file)])
        connection = http.client.HTTPConnection(*daemon.http_address(), timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/ofrep/v1/events", headers={"Authorization": "Bearer first"})
        stream = connection.getresponse()
        self.addCleanup(stream.close)
        daemon.program.process.send_signal(signal.SIGHUP)  # nothing is different
        eventually(lambda: "configuration read again" in daemon.program.log, "it is read")
        self.assertIn("pennon_subscribers 1", self.loopback(daemon, "/metrics", {"Authorization": "Bearer first"})[2].decode())
        token_file.write_text("second")
        daemon.program.process.send_signal(signal.SIGHUP)
        stream.read()  # to its end
        self.assertEqual([self.loopback(daemon, "/ofrep/v1/evaluate/flags", {"Authorization": f"Bearer {token}"}, "POST", {})[0]
                          for token in ("first", "second")], [401, 200])

    def test_a_reload_that_is_refused_leaves_the_token_that_is_in_force(self):
        token_file, config = self.folder("daemon") / "token", self.folder("daemon") / "pennond.yaml"
        token_file.write_text("first")
        token_file.chmod(0o600)
        named = f"http:\n  token_file: {token_file}\n"
        daemon = self.serve(named)
        connection = http.client.HTTPConnection(*daemon.http_address(), timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/ofrep/v1/events", headers={"Authorization": "Bearer first"})
        stream = connection.getresponse()
        self.addCleanup(stream.close)
        answers = lambda: [self.loopback(daemon, "/status", {"Authorization": f"Bearer {token}"})[0] for token in ("first", "second")]
        token_file.write_text("second")
        config.write_text(named.replace("token\n", "missing\n"))
        daemon.program.process.send_signal(signal.SIGHUP)
        eventually(lambda: "configuration refused" in daemon.program.log, "it is refused")
        self.assertEqual(answers(), [200, 401])
        config.write_text(named)
        daemon.program.process.send_signal(signal.SIGHUP)
        stream.read()  # to its end
        self.assertEqual(answers(), [401, 200])

    def test_a_token_file_that_others_read_is_refused(self):
        token_file = self.folder("daemon") / "token"
        token_file.write_text("secret\n")
        token_file.chmod(0o644)
        started = subprocess.run([BIN / "pennond", "--environment", "e",
                                  "--cache-path", "", "--socket-path", str(self.folder("daemon") / "s"), "--http-port", "0",
                                  "--http-token-file", str(token_file)], capture_output=True, text=True, timeout=60)
        self.assertEqual(started.returncode, 78)
        self.assertIn("http.token_file", started.stderr)

    def test_what_comes_from_a_web_page_is_refused(self):
        daemon = self.serve(arguments=["--admin-address", "127.0.0.1", "--admin-port", "0"])
        port = daemon.http_address()[1]
        for headers, expected in (({}, 200), ({"Host": "localhost"}, 200), ({"Sec-Fetch-Site": "none"}, 200), ({"Host": "[::1]"}, 200),
                                  ({"Host": f"localhost:{port}x"}, 403), ({"Host": "localhost:"}, 403), ({"Host": "LOCALHOST.evil"}, 403),
                                  ({"Origin": ""}, 403), ({"Referer": "http://127.0.0.1/"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 403),
                                  ({"Sec-Fetch-Site": "cross-site"}, 403)):
            self.assertEqual(self.loopback(daemon, "/status", headers)[0], expected, headers)
        self.assertEqual(self.loopback(daemon, "/metrics", {"Host": "10.1.2.3:8014"}, name="admin")[0], 200)
        self.assertEqual(self.loopback(daemon, "/metrics", {"Origin": "http://evil.example"}, name="admin")[0], 403)

    def test_the_admin_listener_serves_health_and_metrics_and_nothing_else(self):
        daemon = self.serve(arguments=["--admin-address", "0.0.0.0", "--admin-port", str(free_port()), "--http-enabled", "false"])
        self.assertEqual([one["name"] for one in daemon.status()["listeners"]], ["unix", "admin"])
        for path in ("/livez", "/readyz", "/status", "/metrics"):
            self.assertEqual(self.loopback(daemon, path, name="admin")[0], 200, path)
        for path, method in (("/evaluate", "POST"), ("/ofrep/v1/evaluate/flags", "POST"), ("/ofrep/v1/evaluate/flags/banner", "POST"),
                             ("/ofrep/v1/events", "GET"), ("//ofrep/v1/events", "GET"), ("/", "GET")):
            status, _, body = self.loopback(daemon, path, None, method, {} if method == "POST" else None, "admin")
            self.assertEqual(status, 404, path)
            self.assertNotIn(b"Welcome", body)
        with socket.socket() as raw:  # frames are for the Unix socket
            host, port = [one["address"] for one in daemon.status()["listeners"] if one["name"] == "admin"][0].rsplit(":", 1)
            raw.settimeout(30)
            raw.connect((host, int(port)))
            raw.sendall(bytes.fromhex("f50500000100000000000000"))
            self.assertTrue(raw.recv(100).startswith(b"HTTP/1.1 400"))

    def test_a_user_has_so_many_connections_and_no_more_while_others_get_theirs(self):
        daemon = self.serve("socket:\n  mode: '0666'\n", ["--limits-connections-per-user", "4"])
        held = [eventually(lambda: self.connected(daemon), "a place is free") for _ in range(4)]
        with socket.socket(socket.AF_UNIX) as fifth:
            fifth.settimeout(30)
            fifth.connect(daemon.socket)
            self.assertEqual(fifth.recv(1), b"")
        self.assertEqual(self.ask_as(daemon, STRANGER)["http"], 200)
        held.pop().close()
        held.append(eventually(lambda: self.connected(daemon), "the place of a closed connection is free"))
        held.pop(0).close()
        eventually(lambda: self.connected(daemon), "another one")
        for client in held[:2]:
            client.close()
        refused = eventually(lambda: self.refused(daemon), "the refusals are told")
        self.assertGreaterEqual(refused, 1)

    def connected(self, daemon):
        """A connection that answers, or None when it was closed: others' may not have ended yet."""
        client = FrameClient(daemon.socket, 30)
        try:
            client.ping(b"x")
        except OSError:
            client.close()
            return None
        self.addCleanup(client.close)
        return client

    @staticmethod
    def refused(daemon):
        try:
            return daemon.status()["listeners"][0]["refused"]
        except (OSError, http.client.HTTPException):
            return 0


class NeighbourTest(EndToEndTest):
    """Clients that do not behave, and what the others notice."""

    def serve(self, *arguments):
        return self.start_daemon(arguments=["--bootstrap-file", EXAMPLE, *arguments])

    def metric(self, daemon, name):
        value, = [line.split()[-1] for line in daemon.get("/metrics")[2].decode().splitlines() if line.startswith(name + " ")]
        return float(value)

    def raw(self, daemon):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(60)
        client.connect(daemon.socket)
        self.addCleanup(client.close)
        return client

    def test_answers_that_nobody_reads_are_bounded_for_all_connections_together(self):
        daemon = self.serve("--limits-memory", "1MiB", "--limits-write-timeout", "1h")
        ask = b'POST /evaluate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}' * 500
        closed = 0
        for _ in range(8):
            client = self.raw(daemon)
            try:
                while True:  # asks and never reads, until it is closed or nothing more is taken
                    client.settimeout(0.5)
                    client.sendall(ask)
            except TimeoutError:
                pass
            except OSError:
                closed += 1
        self.assertGreater(closed, 0)
        self.assertLessEqual(self.metric(daemon, "pennon_buffered_bytes"), 1 << 20)
        self.assertGreater(self.metric(daemon, "pennon_buffers_refused_total"), 0)
        self.assertEqual(daemon.flag("banner")["value"], "Welcome")

    def test_half_requests_are_ended_by_the_deadline_and_others_do_not_notice(self):
        daemon = self.serve("--limits-message-timeout", "500ms")
        slow = [self.raw(daemon) for _ in range(50)]
        for client in slow:
            client.sendall(b"POST /evaluate HTTP/1.1\r\nHo")
        self.assertEqual(daemon.flag("banner")["value"], "Welcome")
        for client in slow:
            self.assertEqual(client.recv(1), b"")

    def test_subscribers_that_do_not_read_cost_nobody_else_anything(self):
        store = self.start_store()
        daemon = self.start_daemon(store)
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon follows the store")
        for _ in range(20):
            client = self.raw(daemon)
            client.sendall(b"GET /ofrep/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: self.metric(daemon, "pennon_subscribers") == 20, "they are subscribed")
        store.configure("banner", {"default": {"variant": "beta"}})
        eventually(lambda: daemon.flag("banner")["variant"] == "beta", "the change is in force")

    def test_a_socket_whose_file_is_removed_comes_back(self):
        daemon = self.serve()
        held = FrameClient(daemon.socket)
        self.addCleanup(held.close)
        mode = os.stat(daemon.socket).st_mode
        os.unlink(daemon.socket)
        self.assertEqual(held.ping(b"x"), b"x")
        eventually(lambda: os.path.exists(daemon.socket), "it is there again")
        self.assertEqual(os.stat(daemon.socket).st_mode, mode)
        eventually(daemon.is_up, "it answers")
        self.assertEqual(held.ping(b"y"), b"y")
        self.assertIn("the socket's file was gone and is made again", daemon.program.log)
        self.assertEqual([one["name"] for one in daemon.status()["listeners"]], ["unix", "http"])
        os.unlink(daemon.socket)
        with open(daemon.socket, "w"):
            pass
        eventually(lambda: "cannot be made again" in daemon.program.log, "it does not fight for the place")
        self.assertEqual(held.ping(b"z"), b"z")


class SubscriptionTest(EndToEndTest):
    def subscribe(self, daemon, version=""):
        client = FrameClient(daemon.socket, 60)
        self.addCleanup(client.close)
        client.hello("production")
        return client.subscribe(version)

    def test_subscribers_are_told_what_is_so_and_what_changes(self):
        store = self.start_store()
        daemon = self.start_daemon(store, ["--workers", "2"])
        eventually(lambda: daemon.environment()["source"] == "live", "the daemon follows the store")
        first = self.subscribe(daemon)
        now = next(first)
        self.assertEqual((now["scope"], now["source"], now["revision"]), ("all", "live", daemon.environment()["revision"]))
        again = self.subscribe(daemon, now["version"])
        self.assertEqual(next(again), {**now, "scope": "none"})
        revision = store.configure("banner", {"default": {"variant": "beta"}})
        for subscription in (first, again):
            change = next(subscription)
            self.assertEqual(change["revision"], revision)
            self.assertEqual((change["scope"], change["keys"]), ("keys", ["banner"]))
            self.assertNotEqual(change["version"], now["version"])

    def test_a_subscription_needs_a_hello_and_ends_with_the_daemon(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", EXAMPLE, "--limits-drain-timeout", "50s"])
        client = FrameClient(daemon.socket, 60)
        self.addCleanup(client.close)
        with self.assertRaisesRegex(FrameError, "hello"):
            next(client.subscribe())
        subscription = self.subscribe(daemon)
        next(subscription)
        self.assertEqual(daemon.program.terminate(), 0)
        with self.assertRaises(ConnectionResetError):
            next(subscription)

    def test_reported_evaluations_count_as_the_daemons_own(self):
        daemon = self.start_daemon(arguments=["--bootstrap-file", EXAMPLE])
        client = FrameClient(daemon.socket)
        self.addCleanup(client.close)
        client.hello()
        client.evaluate("banner", {})
        client.report({("banner", "v", "SPLIT"): 40, ("banner", "w", "SPLIT"): 2, ("nope", "", "ERROR"): 1})
        metrics = daemon.get("/metrics")[2].decode()
        self.assertIn('pennon_evaluations_total{reason="SPLIT"} 42', metrics)
        client.report({(f"f{i}", "", "STATIC"): 1 for i in range(10_000)})
        with self.assertRaisesRegex(FrameError, "more than 10000 entries"):
            client.report({(f"f{i}", "", "STATIC"): 1 for i in range(10_001)})
