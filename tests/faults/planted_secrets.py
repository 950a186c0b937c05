"""Secrets and attributes that are planted in a store by real requests, those that it grants and those that it refuses."""
import contextlib
import json
import pathlib
import socket
import time

from harness import eventually, request

PRODUCTION = "/api/v1/environments/production"
MAX_BODY = 32768  # of the store


class Planted:
    """What is planted in a store, and the requests that do it. Of `tokens` (passwords too) and `contexts` it keeps and tells nothing."""

    def __init__(self, store):
        self.store = store
        self.tokens = {"first token": store.token, "sync key": pathlib.Path(store.key_file).read_text().strip()}
        self.contexts = {name: f"canary-{name}-5c1f" for name in ("user", "mail", "cut", "long", "deep", "drafted")}
        self.exceptions = {name: f"canary-{name}-77aa" for name in ("target", "rule", "segment", "scheduled", "refused")}  # users named in definitions

    def secret(self, name, text):
        assert name not in self.tokens, name
        self.tokens[name] = text
        return text

    def send(self, expected, method, path, body=None, token=None, **headers):
        """(headers, body) of the answer, which has to have this status; headers are written with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Authorization": "Bearer " + token} if token else {}
        status, told, answered = request(self.store.connection(), method, path, body, {"X-Requested-With": "test", **sent})
        assert status == expected, (method, path, status, answered)
        return told, answered.decode()

    def admin(self, expected, method, path, body=None, **headers):
        answered = self.send(expected, method, path, body, self.store.token, **{"If_Match": "*", **headers})[1]
        return json.loads(answered) if answered else None

    def plant_tokens(self):
        for kind in ("admin", "editor", "viewer", "sync", "read", "client"):
            path = "/api/v1/tokens" if kind in ("admin", "editor", "viewer") else PRODUCTION + "/keys"
            made = self.admin(201, "POST", path, {"name": kind, "kind": kind}, Idempotency_Key=kind)
            self.secret(f"{kind} token", made["token"])
            self.admin(409, "POST", path, {"name": kind, "kind": kind}, Idempotency_Key=kind)
            rotated = self.admin(201, "POST", f"{path}/{made['id']}/rotate", {"overlapSeconds": 60})
            self.send(200, "POST", "/ofrep/v1/evaluate/flags", {}, token=self.secret(f"rotated {kind} token", rotated["token"]))
            self.admin(204, "DELETE", f"{path}/{made['id']}")
            self.send(401, "POST", "/ofrep/v1/evaluate/flags", {}, token=made["token"])

    def plant_passwords(self):
        secret, send = self.secret, self.send
        invited = [self.admin(201, "POST", "/api/v1/users", {"name": name, "role": "viewer"})["invitation"] for name in ("ann", "bob")]
        invited.append(self.admin(201, "POST", "/api/v1/users/bob/invitation")["invitation"])
        for number, invitation in enumerate(invited):
            secret(f"invitation {number}", invitation)
        setup, session, own = "/api/v1/setup", "/api/v1/session", "/api/v1/session/password"
        first, second = secret("password", "canary-password-91"), secret("next password", "canary-password-92")
        wrong = secret("wrong password", "canary-wrong-password")
        send(404, "POST", setup, {"token": secret("wrong invitation", "canary-invitation"), "password": first})
        send(422, "POST", setup, {"token": invited[0], "password": secret("short password", "canary-pw")})
        send(422, "POST", setup, {"token": invited[0], "password": secret("long password", "canary-pl") * 30})
        cookies = [send(200, "POST", setup, {"token": invited[0], "password": first})[0]["Set-Cookie"],
                   send(200, "POST", session, {"user": "ann", "password": first})[0]["Set-Cookie"]]
        for number, cookie in enumerate(cookies):
            secret(f"session {number}", cookie.split(";")[0].split("=")[1])
        ann = {"Cookie": cookies[0].split(";")[0]}
        send(401, "POST", session, {"user": "ann", "password": wrong})
        send(401, "POST", session, {"user": secret("password for a name", "canary-as-a-name"), "password": wrong})
        send(422, "POST", session, {"user": secret("password for a bad name", "canary as a name"), "password": wrong})
        send(400, "POST", session, '{"user": "ann", "password": "' + wrong)
        send(400, "POST", session, {"user": "ann", "password": wrong, secret("a member", "canary-member"): 1})
        send(415, "POST", session, {"user": "ann", "password": wrong}, Content_Type="text/plain")
        send(403, "PUT", own, {"current": wrong, "next": second}, **ann)
        send(422, "PUT", own, {"current": first, "next": "canary-pw"}, **ann)
        send(200, "PUT", own, {"current": first, "next": second}, **ann)
        send(401, "GET", session, Cookie=cookies[1].split(";")[0])
        send(401, "GET", session, Cookie="__Host-pennon=" + secret("wrong session", "canary-session"))
        for _ in range(12):  # of ten attempts and one in six seconds
            if request(self.store.connection(), "POST", session, {"user": "ann", "password": wrong}, {"X-Requested-With": "test"})[0] == 429:
                return
        raise AssertionError("attempts to sign in are not counted")

    def plant_failures(self):
        """A token, a real one and a wrong one, in each request that is refused."""
        for token in (self.store.token, self.secret("wrong token", "pn_admin_" + "c0de" * 16)):
            for name in ("token", "access_token"):
                self.send(404, "GET", f"/nowhere?{name}={token}")
                self.send(401, "GET", f"/api/v1/flags?{name}={token}")
                self.admin(404, "GET", f"/api/v1/nowhere?{name}={token}")
                self.admin(400, "GET", f"/api/v1/flags?{name}={token}")
            self.admin(404, "GET", f"/api/v1/{token}")
            self.admin(404, "DELETE", f"/api/v1/tokens/{token}")  # where its id belongs
            for path in ("/api/v1/flags", "/status", "/sync/v1/flagset", "/sync/v1/stream", "/api/v1/events"):
                self.send(401, "GET", path, token=token + "x")
                self.send(401, "GET", path, Authorization="Basic " + token)
            self.send(401, "POST", "/evaluate", {}, X_API_Key=token + "x")
            self.admin(400, "POST", "/api/v1/tokens", '{"name": "' + token)
            self.admin(422, "POST", "/api/v1/tokens", {"name": "x", "kind": token})
            self.admin(405, "PUT", "/api/v1/tokens", {"name": token})
            self.admin(413, "POST", "/api/v1/tokens", {"name": token * (MAX_BODY // 20)})
            self.admin(431, "GET", "/api/v1/flags", X_Large=token * 1000)
            self.admin(412, "PUT", PRODUCTION + "/flags/banner", {"offVariant": token}, If_Match='"v99"')
            with socket.create_connection(("127.0.0.1", self.store.port), timeout=30) as plain:  # no TLS at all
                plain.sendall(f"GET /status HTTP/1.1\r\nHost: s\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                with contextlib.suppress(ConnectionError):
                    plain.recv(65536)

    def plant_contexts(self):
        has, sync = self.contexts, self.tokens["sync key"]
        context = {"targetingKey": has["user"], "mail": has["mail"], has["mail"]: 1}
        long, deep = {"mail": [has["long"]] * 20_000}, json.loads("[" * 40 + json.dumps(has["deep"]) + "]" * 40)
        asked = PRODUCTION + "/playground"
        for path, extra in (("/evaluate", {"flag": "banner"}), ("/ofrep/v1/evaluate/flags/banner", {}), ("/ofrep/v1/evaluate/flags", {}),
                            (asked, {"flag": "banner"}), (asked, {}),
                            (asked, {"flag": "banner", "draft": {"default": {"variant": "sale"}, "offVariant": "sale"}})):
            is_api = path == asked
            token = self.store.token if is_api else sync
            keyed = {"Idempotency_Key": f"question-{len(extra)}"} if is_api else {}
            self.send(200, "POST", path, {"context": context, **extra}, token, **keyed)
            self.send(400, "POST", path, '{"context": {"mail": "' + has["cut"] + '"', token)
            self.send(413, "POST", path, {"context": long, **extra}, token)
            status = request(self.store.connection(), "POST", path, {"context": {"deep": deep}, **extra}, {"Authorization": "Bearer " + token})[0]
            assert status in (400, 422), status
        self.admin(422, "POST", asked, {"flag": "banner", "context": context, "draft": {"default": {"variant": has["drafted"]}}})
        self.send(400, "POST", "/sync/v1/report", '{"instance": "' + has["cut"], sync)
        self.send(422, "POST", "/sync/v1/report", {"instance": "i", "usage": has["user"]}, sync)

    def plant_exceptions(self):
        """Users that definitions name: those are flags, and belong into the database and its history, but not into a log."""
        has, banner = self.exceptions, PRODUCTION + "/flags/banner"
        rule = {"id": "canary", "when": {"attr": "mail", "op": "in", "values": [has["rule"]]}, "serve": {"variant": "sale"}}
        self.admin(200, "PATCH", banner, {"instructions": [{"kind": "addTarget", "variant": "sale", "values": [has["target"]]},
                                                           {"kind": "addRule", "rule": rule}]})
        self.admin(201, "PUT", PRODUCTION + "/segments/few", {"attribute": "mail", "included": [has["segment"]]}, If_Match="")
        self.admin(422, "PATCH", banner, {"instructions": [{"kind": "addTarget", "variant": "none", "values": [has["refused"]]}]})

        def one_fails():
            """Of two scheduled changes that take the same rule away the second fails, unless the first was made before it came."""
            name, at = f"rule-{time.monotonic_ns()}", int(time.time() * 1000) + 2000
            self.admin(200, "PATCH", banner, {"instructions": [{"kind": "addRule", "rule": {**rule, "id": name}}]})
            change = {"instructions": [{"kind": "addTarget", "variant": "sale", "values": [has["scheduled"]]}, {"kind": "removeRule", "id": name}]}
            before = self.store.program.log.count("scheduled change ")
            sent = [self.store.api("POST", "/environments/production/schedules", {"flag": "banner", "at": at, "change": change})[0] for _ in range(2)]
            eventually(lambda: self.store.program.log.count("scheduled change ") == before + sent.count(201), "the scheduled changes had their time")
            return "scheduled change failed" in self.store.program.log
        eventually(one_fails, "a scheduled change fails")

    def plant_all(self):
        """Each part in a life of the store: of an event 50 lines are written in ten seconds, and what is left out hides what it would have told."""
        for part in (self.plant_tokens, self.plant_contexts, self.plant_exceptions, self.plant_failures, self.plant_passwords):
            self.store.program.end()
            self.store.start()
            part()
            self.admin(404, "GET", "/api/v1/nowhere", X_Request_Id=part.__name__)
            assert f"request={part.__name__}" in self.store.program.log, "too many requests in one part: the log leaves some out"
        return self
