"""The store's OpenAPI document: it has the operations that the store has, each is driven, and every answer is as
the document says."""
import json
import re
import subprocess
import time

import jsonschema

from harness import ROOT, EndToEndTest, request

ENVIRONMENT = "/api/v1/environments/production"
FLAG = {"key": "f", "type": "boolean", "variants": [{"key": "on", "value": True}, {"key": "off", "value": False}]}
LATER = "2101-01-01T00:00:00Z"
NOW = int(time.time() * 1000)
TURN_ON = {"comment": "because", "instructions": [{"kind": "turnOn"}]}

# In an order in which each finds what it needs: (operation, path, body, expected status).
REQUESTS = [
    ("CreateEnvironment", "/api/v1/environments", {"key": "copy", "copyFrom": "production"}, 201),
    ("ListEnvironments", "/api/v1/environments", None, 200),
    ("ShowEnvironment", "/api/v1/environments/copy", None, 200),
    ("ReplaceEnvironment", "/api/v1/environments/copy", {"name": "Copy", "protected": True}, 200),
    ("DeleteEnvironment", "/api/v1/environments/copy?confirm=copy&comment=gone", None, 204),
    ("CreateFlag", "/api/v1/flags", FLAG, 201),
    ("ListFlags", "/api/v1/flags?limit=2&q=a", None, 200),
    ("ShowFlag", "/api/v1/flags/f", None, 200),
    ("ReplaceFlag", "/api/v1/flags/f", {**FLAG, "owner": "me", "lifecycle": "deprecated"}, 200),
    ("PatchFlag", "/api/v1/flags/f?comment=why", {"tags": ["t"], "expectedRemoval": LATER}, 200),
    ("ListFlagVersions", "/api/v1/flags/f/versions?limit=1", None, 200),
    ("ShowFlagVersion", "/api/v1/flags/f/versions/3", None, 200),
    ("ShowFlagDifference", "/api/v1/flags/f/versions/3/diff?against=1", None, 200),
    ("RestoreFlagVersion", "/api/v1/flags/f/versions/1/restore", None, 200),
    ("ListConfigs", ENVIRONMENT + "/flags?limit=1", None, 200),
    ("ShowConfig", ENVIRONMENT + "/flags/f", None, 200),
    ("ReplaceConfig", ENVIRONMENT + "/flags/f", {"default": {"variant": "on"}, "kill": {"reason": "x"}}, 200),
    ("PatchConfig", ENVIRONMENT + "/flags/f", TURN_ON, 200),
    ("ListConfigVersions", ENVIRONMENT + "/flags/f/versions", None, 200),
    ("ShowConfigVersion", ENVIRONMENT + "/flags/f/versions/2", None, 200),
    ("ShowConfigDifference", ENVIRONMENT + "/flags/f/versions/2/diff", None, 200),
    ("RestoreConfigVersion", ENVIRONMENT + "/flags/f/versions/2/restore", None, 200),
    ("PutSegment", ENVIRONMENT + "/segments/s", {"included": ["ann"]}, 201),
    ("PutSegment", ENVIRONMENT + "/segments/s", {"included": ["bob"]}, 200),
    ("PatchSegment", ENVIRONMENT + "/segments/s", {"name": "S"}, 200),
    ("ListSegments", ENVIRONMENT + "/segments?limit=1", None, 200),
    ("ShowSegment", ENVIRONMENT + "/segments/s", None, 200),
    ("ShowSegmentUse", ENVIRONMENT + "/segments/beta/use", None, 200),
    ("ListSegmentVersions", ENVIRONMENT + "/segments/s/versions", None, 200),
    ("ShowSegmentVersion", ENVIRONMENT + "/segments/s/versions/1", None, 200),
    ("ShowSegmentDifference", ENVIRONMENT + "/segments/s/versions/2/diff", None, 200),
    ("RestoreSegmentVersion", ENVIRONMENT + "/segments/s/versions/1/restore", None, 200),
    ("CreateSchedule", ENVIRONMENT + "/schedules", {"flag": "f", "at": LATER, "change": TURN_ON}, 201),
    ("ListSchedules", ENVIRONMENT + "/schedules", None, 200),
    ("ShowSchedule", ENVIRONMENT + "/schedules/{schedule}", None, 200),
    ("CancelSchedule", ENVIRONMENT + "/schedules/{schedule}", None, 200),
    ("CreateKey", ENVIRONMENT + "/keys", {"name": "k", "expiresAt": LATER}, 201),
    ("ListKeys", ENVIRONMENT + "/keys", None, 200),
    ("RotateKey", ENVIRONMENT + "/keys/{key}/rotate", {"overlapSeconds": 1}, 201),
    ("DeleteKey", ENVIRONMENT + "/keys/{key}", None, 204),
    ("CreateToken", "/api/v1/tokens", {"name": "t", "kind": "editor", "environment": "production"}, 201),
    ("ListTokens", "/api/v1/tokens", None, 200),
    ("RotateToken", "/api/v1/tokens/{token}/rotate", {}, 201),
    ("DeleteToken", "/api/v1/tokens/{token}", None, 204),
    ("CreateUser", "/api/v1/users", {"name": "ann", "role": "viewer", "environments": {"production": "editor"}}, 201),
    ("ListUsers", "/api/v1/users", None, 200),
    ("ShowUser", "/api/v1/users/ann", None, 200),
    ("ReplaceUser", "/api/v1/users/ann", {"role": "editor"}, 200),
    ("InviteUser", "/api/v1/users/ann/invitation", None, 201),
    ("AcceptInvitation", "/api/v1/setup", {"token": "{invitation}", "password": "a long password"}, 200),
    ("SignIn", "/api/v1/session", {"user": "ann", "password": "a long password"}, 200),
    ("ShowSession", "/api/v1/session", None, 200),
    ("ChangePassword", "/api/v1/session/password", {"current": "a long password", "next": "a longer password"}, 200),
    ("SignOut", "/api/v1/session", None, 204),
    ("DeleteUser", "/api/v1/users/ann", None, 204),
    ("Report", "/sync/v1/report", {"instance": "i", "quarantined": ["f"], "usage": [
        {"id": "b", "hour": NOW, "counts": [{"flag": "f", "variant": "on", "evaluations": 1}]}]}, 204),
    ("ListDaemons", ENVIRONMENT + "/fleet", None, 200),
    ("ShowUsage", ENVIRONMENT + "/usage?since=2026-01-01T00:00:00Z", None, 200),
    ("ShowFlagUsage", ENVIRONMENT + "/flags/f/usage?since=0", None, 200),
    ("ExportDocument", ENVIRONMENT + "/export", None, 200),
    ("ImportDocument", ENVIRONMENT + "/import?from=native", {"environment": "production", "flags": {"g": {
        "type": "boolean", "variants": FLAG["variants"]}}}, 200),
    ("AskPlayground", ENVIRONMENT + "/playground", {"flag": "f", "context": {"targetingKey": "ann"}}, 200),
    ("ListAudit", "/api/v1/audit?limit=3", None, 200),
    ("ExportAudit", "/api/v1/audit/export", None, 200),
    ("DeleteSegment", ENVIRONMENT + "/segments/s", None, 204),
    ("ResetConfig", ENVIRONMENT + "/flags/f", None, 200),
    ("DeleteFlag", "/api/v1/flags/f", None, 204),
    ("Sync", "/sync/v1/flagset", None, 200),
    ("ShowOpenApi", "/openapi.json", None, 200),
    ("Livez", "/livez", None, 200),
    ("Readyz", "/readyz", None, 200),
    ("Metrics", "/metrics", None, 200),
    ("ShowStatus", "/status", None, 200),
]
REFUSALS = [
    ("ShowFlag", "/api/v1/flags/none", None, 404),
    ("CreateFlag", "/api/v1/flags", {"key": "banner", **FLAG, "key": "banner"}, 409),
    ("ReplaceFlag", "/api/v1/flags/banner", {"type": "boolean", "variants": []}, 422),
    ("ListFlags", "/api/v1/flags?colour=red", None, 400),
]
# Those that a browser sends, with the cookie of the session.
SIGNED_IN = {"AcceptInvitation", "SignIn", "ShowSession", "ChangePassword", "SignOut"}
# Driven where there is somebody to read it: tests/e2e/test_replicas.py.
ELSEWHERE = {"FollowChanges", "Stream"}


class OpenApiTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.store = self.start_store()
        self.document = json.loads(request(self.store.connection(), "GET", "/openapi.json")[2])
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.document["paths"].items() for method, operation in methods.items()}
        self.names = {}
        self.cookie = ""
        with open(self.store.key_file) as key:
            self.sync_key = key.read().strip()

    def drive(self, name, path, body, expected, if_match="*"):
        method, pattern, operation = self.operations[name]
        path = path.format(**self.names)
        self.assertRegex(path.split("?")[0], "^" + re.sub(r"{\w+}", "[^/]+", pattern) + "$")
        token = self.sync_key if path.startswith("/sync/") else self.store.token
        headers = {"Authorization": "Bearer " + token}
        if name in SIGNED_IN:
            headers = {"X-Requested-With": "test", "Cookie": self.cookie}
        if body and "token" in body:
            body = {**body, "token": body["token"].format(**self.names)}
        if if_match and not name.startswith("PutSegment"):
            headers["If-Match"] = if_match
        if name == "PutSegment" and expected == 200:
            headers["If-Match"] = "*"
        status, answered, text = request(self.store.connection(), method.upper(), path, body, headers)
        self.assertEqual(status, expected, (name, text))
        self.check(name, operation, status, answered, text)
        self.cookie = answered.get("Set-Cookie", self.cookie).split(";")[0]
        return text

    def check(self, name, operation, status, headers, text):
        described = operation["responses"].get(str(status)) or self.document["components"]["responses"]["Problem"]
        content = described.get("content", {})
        self.assertEqual(bool(text), bool(content), name)
        for header in described.get("headers", {}):
            self.assertIn(header, headers, name)
        if not content:
            return
        kind = headers["Content-Type"].split(";")[0]
        self.assertIn(kind, content, name)
        value = json.loads(text) if kind.endswith(("/json", "+json")) else text.decode()
        schema = {**content[kind]["schema"], "components": self.document["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    def test_every_operation_is_driven_and_answers_as_described(self):
        made = {"CreateSchedule": "schedule", "CreateKey": "key", "CreateToken": "token"}
        driven = set(ELSEWHERE)
        for name, path, body, expected in REQUESTS:
            text = self.drive(name, path, body, expected)
            if name in made:
                self.names[made[name]] = json.loads(text)["id"]
            if name == "InviteUser":
                self.names["invitation"] = json.loads(text)["invitation"]
            driven.add(name)
        self.assertEqual(driven, set(self.operations))
        for refusal in REFUSALS:
            self.drive(*refusal)

    def test_a_change_that_comes_too_late_is_answered_with_what_is_there(self):
        text = self.drive("PatchFlag", "/api/v1/flags/banner", {"owner": "me"}, 412, if_match='"v9"')
        self.assertEqual(json.loads(text)["current"]["key"], "banner")
        self.drive("PatchFlag", "/api/v1/flags/banner", {"owner": "me"}, 428, if_match=None)

    def test_the_list_in_the_manual_is_made_of_it(self):
        subprocess.run([ROOT / "scripts" / "make_api_doc.py", "--check"], check=True)

    def test_the_document_is_a_valid_one(self):
        self.assertTrue(self.document["openapi"].startswith("3.1"))
        for _, _, operation in self.operations.values():
            for answer in operation["responses"].values():
                for media in answer.get("content", {}).values():
                    jsonschema.Draft202012Validator.check_schema(media["schema"])
        for schema in self.document["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)
