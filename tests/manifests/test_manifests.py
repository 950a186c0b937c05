"""The Kubernetes manifests: built by the oldest kubectl they are for, and held against Kubernetes' own schemas.

KUBECTL names that kubectl, PENNON_BIN the folder with the programs. What the operators of Prometheus define is not in those schemas: OWN_KINDS has it.
"""
import copy
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import jsonschema
import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "packaging" / "kubernetes"
MONITORING = MANIFESTS / "monitoring"
KUBECTL = os.environ.get("KUBECTL", "kubectl")
BIN = pathlib.Path(os.environ.get("PENNON_BIN", ROOT / "build" / "dev" / "bin"))
KUBERNETES = ("1.29", "1.31", "1.33")  # restartPolicy of an init container is on by default since 1.29
FOLDERS = sorted(path.parent.name for path in MANIFESTS.glob("*/kustomization.yaml"))

ENDPOINTS = {"type": "array", "minItems": 1, "items": {
    "type": "object", "additionalProperties": False, "required": ["port", "path", "interval"],
    "properties": {"port": {"type": "string"}, "path": {"const": "/metrics"}, "interval": {"type": "string"}}}}
OWN_KINDS = {
    "ServiceMonitor": {"selector": {"type": "object"}, "endpoints": ENDPOINTS},
    "PodMonitor": {"selector": {"type": "object"}, "namespaceSelector": {"type": "object"}, "podMetricsEndpoints": ENDPOINTS},
    "PrometheusRule": {"groups": {"type": "array", "minItems": 1}}}


def built(folder):
    """The objects that `kubectl kustomize` makes of a folder."""
    done = subprocess.run([KUBECTL, "kustomize", MANIFESTS / folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{folder}: {done.stderr}"
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def check(document):
    """Raises when it is not what Kubernetes takes, a field that it does not know included."""
    if document["apiVersion"].startswith("monitoring.coreos.com/"):
        schema = {"type": "object", "additionalProperties": False, "required": ["spec"], "properties": {
            "apiVersion": {}, "kind": {"enum": list(OWN_KINDS)}, "metadata": {"type": "object"},
            "spec": {"type": "object", "additionalProperties": False, "properties": OWN_KINDS.get(document["kind"], {})}}}
        return jsonschema.validate(document, schema)
    for version in KUBERNETES:
        kubernetes_validate.validate(document, version, strict=True)


def pod_of(document):
    return document["spec"]["template"]["spec"]


def the(documents, kind, name=None):
    found = [one for one in documents if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    assert len(found) == 1, f"{kind} {name}: {found}"
    return found[0]


class ManifestsTest(unittest.TestCase):
    def test_every_folder_builds_to_what_kubernetes_takes(self):
        self.assertIn("example", FOLDERS)
        for folder in FOLDERS:
            documents = built(folder)
            self.assertTrue(documents, folder)
            for document in documents:
                with self.subTest(folder=folder, kind=document["kind"]):
                    check(document)

    def test_the_check_refuses_an_unknown_field_and_a_wrong_type(self):
        good = the(built("sidecar"), "Deployment")
        check(good)
        for change in ({"readOnlyRootFileSystem": True}, {"runAsUser": "root"}):
            bad = copy.deepcopy(good)
            pod_of(bad)["initContainers"][0]["securityContext"].update(change)
            with self.assertRaises(kubernetes_validate.ValidationError, msg=str(change)):
                check(bad)
        monitor = the(built("monitoring"), "ServiceMonitor")
        monitor["spec"]["endpoint"] = []
        with self.assertRaises(jsonschema.ValidationError):
            check(monitor)

    def test_every_container_is_confined(self):
        for folder in set(FOLDERS) - {"app", "node-app", "job"}:
            for document in built(folder):
                if document["kind"] not in ("Deployment", "DaemonSet", "Job"):
                    continue
                pod = pod_of(document)
                for container in [*pod.get("initContainers", []), *pod["containers"]]:
                    with self.subTest(folder=folder, container=container["name"]):
                        limits = container["securityContext"]
                        self.assertEqual(limits["capabilities"]["drop"], ["ALL"])
                        self.assertTrue(limits["readOnlyRootFilesystem"])
                        self.assertFalse(limits["allowPrivilegeEscalation"])

    def test_no_pod_is_told_of_services(self):
        for folder in FOLDERS:
            for document in built(folder):
                if document["kind"] in ("Deployment", "DaemonSet", "Job"):
                    self.assertIs(pod_of(document)["enableServiceLinks"], False, folder)

    def test_the_daemon_is_a_sidecar_that_is_probed_by_commands(self):
        for folder, kind in (("sidecar", "Deployment"), ("job", "Job")):
            daemon, = pod_of(the(built(folder), kind))["initContainers"]
            self.assertEqual(daemon["restartPolicy"], "Always")
            self.assertEqual(daemon["startupProbe"]["exec"]["command"], ["/usr/bin/pennon", "ready"])
            self.assertEqual(daemon["livenessProbe"]["exec"]["command"], ["/usr/bin/pennon", "health"])

    def test_a_job_has_the_same_daemon_as_a_deployment(self):
        deployment, job = (pod_of(the(built(folder), kind)) for folder, kind in (("sidecar", "Deployment"), ("job", "Job")))
        self.assertEqual(deployment["initContainers"], job["initContainers"])
        self.assertEqual(deployment["volumes"], job["volumes"])

    def test_the_socket_is_in_memory_and_belongs_to_the_group_of_the_pod(self):
        pod = pod_of(the(built("sidecar"), "Deployment"))
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual(volumes["pennon-run"]["emptyDir"]["medium"], "Memory")
        environment = {one["name"]: one["value"] for one in pod["initContainers"][0]["env"]}
        self.assertEqual(environment["PENNOND_SOCKET_GROUP"], str(pod["securityContext"]["fsGroup"]))
        for container in (*pod["initContainers"], *pod["containers"]):
            self.assertIn("/run/pennon", [mount["mountPath"] for mount in container["volumeMounts"]], container["name"])

    def test_the_overlay_reaches_every_object(self):
        documents = built("example")
        self.assertEqual({one["metadata"].get("namespace") for one in documents if one["kind"] != "Namespace"}, {"pennon"})
        store = pod_of(the(documents, "Deployment", "pennon-store"))["containers"][0]
        self.assertEqual(store["image"], "registry.example/pennon-store:0.1.0")
        secrets = {one["metadata"]["name"] for one in documents if one["kind"] == "Secret"}
        self.assertIn(store["env"][0]["valueFrom"]["secretKeyRef"]["name"], secrets)
        node = pod_of(the(documents, "DaemonSet"))["containers"][0]
        self.assertEqual(node["env"][0], {"name": "PENNOND_ENVIRONMENT", "value": "staging"})


class SettingsTest(unittest.TestCase):
    def test_every_variable_is_one_of_the_programs(self):
        known = set(re.findall(r"^\| `([a-z_.]+)` \|", (ROOT / "docs/daemon.md").read_text(), re.M))
        names = {"PENNOND_" + name.replace(".", "_").upper() for name in known}
        self.assertIn("PENNOND_SOCKET_GROUP", names)
        for path in MANIFESTS.rglob("*.yaml"):
            for name in re.findall(r"PENNOND_[A-Z_]+", path.read_text()):
                self.assertIn(name, names, path)


    @unittest.skipUnless((BIN / "pennond").exists() and (BIN / "pennon-store").exists(), "the programs are not built")
    def test_the_programs_take_the_environment_of_their_containers(self):
        """As it is in a cluster that tells pods of Services, which are called as the programs are."""
        links = {}
        for service in ("PENNON_STORE", "PENNOND"):
            links |= {service + name: value for name, value in {
                "_SERVICE_HOST": "10.0.0.1", "_SERVICE_PORT": "8017", "_SERVICE_PORT_HTTP": "8017",
                "_PORT": "tcp://10.0.0.1:8017", "_PORT_8017_TCP": "tcp://10.0.0.1:8017", "_PORT_8017_TCP_PROTO": "tcp",
                "_PORT_8017_TCP_PORT": "8017", "_PORT_8017_TCP_ADDR": "10.0.0.1"}.items()}
        seen = set()
        for folder in FOLDERS:
            for document in built(folder):
                if document["kind"] not in ("Deployment", "DaemonSet", "Job"):
                    continue
                pod = pod_of(document)
                for container in [*pod.get("initContainers", []), *pod["containers"]]:
                    program = container["image"].rpartition("/")[2].partition(":")[0]
                    if program not in ("pennond", "pennon-store"):
                        continue
                    own = {one["name"]: one.get("value", "postgres://of-a-secret/pennon") for one in container["env"]}
                    for environment in (own, own | links):
                        done = subprocess.run([BIN / program, *container.get("args", []), "--check-config"], env=environment,
                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                        self.assertEqual((done.returncode, done.stdout), (0, "the configuration is fine\n"), folder)
                    seen.add((folder, program))
        self.assertLessEqual({("store", "pennon-store"), ("sidecar", "pennond"), ("job", "pennond"), ("node", "pennond")}, seen)


class MonitoringTest(unittest.TestCase):
    def metrics(self):
        return set(re.findall(r"^\| `(pennon_[a-z_]+)", (ROOT / "docs/metrics.md").read_text(), re.M))

    def test_alerts_and_dashboard_name_metrics_that_exist(self):
        known = self.metrics()
        self.assertGreater(len(known), 40)
        for name in ("alerts.yaml", "alerts_test.yaml", "dashboard.json"):
            used = set(re.findall(r"\bpennon_[a-z_]+", (MONITORING / name).read_text()))
            self.assertGreater(len(used), 8, name)
            self.assertEqual(used - known, set(), name)

    def test_promtool_passes_the_rules_and_their_tests(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        rules = the(built("monitoring"), "PrometheusRule")["spec"]
        (folder / "alerts.rules.yaml").write_text(yaml.safe_dump(rules))
        shutil.copy(MONITORING / "alerts_test.yaml", folder)
        for command in (["check", "rules", "alerts.rules.yaml"], ["test", "rules", "alerts_test.yaml"]):
            done = subprocess.run(["promtool", *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_every_alert_is_tested_and_says_what_it_means(self):
        tests = (MONITORING / "alerts_test.yaml").read_text()
        for group in the(built("monitoring"), "PrometheusRule")["spec"]["groups"]:
            for rule in group["rules"]:
                self.assertIn(rule["alert"], tests)
                self.assertEqual(set(rule["annotations"]), {"summary", "description"}, rule["alert"])

    def test_promtool_passes_the_queries_of_the_dashboard(self):
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        rules = [{"record": f"dashboard:panel{panel['id']}{target['refId']}", "expr": target["expr"].replace("$instance", ".*")}
                 for panel in dashboard["panels"] for target in panel["targets"]]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
