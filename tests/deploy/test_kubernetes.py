"""deploy/kubernetes: valid, unprivileged, closed, and true to the code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest

from services.contracts.settings import SETTING_NAMES
from services.contracts.topics import FLOW, RAW, Topic
from services.runtime.health import USUAL_PORTS
from services.runtime.kafka.settings import TopicSettings
from services.runtime.settings import PREFIX, WorkerSettings
from tests.deploy import dockerfile, kustomize, reading
from tests.deploy.custom_resources import CUSTOM
from tests.deploy.reading import DEPLOY, WORKERS, Object

FOLDER = DEPLOY / "kubernetes"
OVERLAYS = ("local", "production")
# The newest whose schemas the validator has are checked, and the oldest still supported elsewhere.
VERSIONS = ("1.31", "1.37")


@cache
def built(overlay: str) -> list[Object]:
    return kustomize.build(FOLDER / "overlays" / overlay)


def of_kind(overlay: str, kind: str, name: str | None = None) -> list[Object]:
    return [
        resource
        for resource in built(overlay)
        if resource["kind"] == kind and name in {None, resource["metadata"]["name"]}
    ]


def one(overlay: str, kind: str, name: str) -> Object:
    (found,) = of_kind(overlay, kind, name)
    return found


def pods(overlay: str) -> Iterator[tuple[str, Object]]:
    """The pods of everything that is ours."""
    for resource in built(overlay):
        if resource["kind"] in {"Deployment", "Job"}:
            yield resource["metadata"]["name"], resource["spec"]["template"]["spec"]


def settings(overlay: str, pod: Object) -> dict[str, str | None]:
    """The variables of a pod's container; None where a secret says it."""
    (container,) = pod["containers"]
    found: dict[str, str | None] = {}
    for source in container.get("envFrom", ()):
        found |= one(overlay, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found | {each["name"]: each.get("value") for each in container.get("env", ())}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_resources_are_valid(overlay: str, version: str) -> None:
    for resource in built(overlay):
        shape = CUSTOM.get((resource["apiVersion"], resource["kind"]))
        if shape is None:
            kubernetes_validate.validate(resource, version, strict=True)
        else:
            shape.model_validate(resource["spec"])


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda p: p.name)
def test_no_file_is_left_out(path: Path) -> None:
    if path.name != "kustomization.yaml":
        told = (path.parent / "kustomization.yaml").read_text(encoding="utf-8")
        assert re.search(rf"(- |path: ){re.escape(path.name)}\n", told)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_ask_for_nothing_that_they_need_not(overlay: str) -> None:
    for name, pod in pods(overlay):
        (container,) = pod["containers"]
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"], name
        assert "cpu" not in container["resources"]["limits"], name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_run_as_the_user_of_the_images(overlay: str) -> None:
    (user,) = dockerfile.instructions("ingest", "USER")
    for name, pod in pods(overlay):
        context = pod["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == user, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_service_of_the_cluster_can_look_like_a_setting(overlay: str) -> None:
    """A service called newsline-… would make NEWSLINE_… variables, at which a worker stops."""
    assert all(pod["enableServiceLinks"] is False for _, pod in pods(overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_are_known(overlay: str) -> None:
    for name, pod in pods(overlay):
        assert set(settings(overlay, pod)) <= SETTING_NAMES, name
        assert all(key.startswith(PREFIX) for key in settings(overlay, pod)), name


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("worker", WORKERS)
def test_probes_ask_the_workers_port(overlay: str, worker: str) -> None:
    pod = one(overlay, "Deployment", f"newsline-{worker}")["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    assert container["ports"] == [{"name": "health", "containerPort": USUAL_PORTS[worker]}]
    assert settings(overlay, pod)["NEWSLINE_HEALTH_PORT"] == str(USUAL_PORTS[worker])
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    grace = pod["terminationGracePeriodSeconds"]
    assert grace >= WorkerSettings().shutdown_seconds * 1.25 + 1


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_loses_one_pod_at_a_time(overlay: str, worker: str) -> None:
    deployment = one(overlay, "Deployment", f"newsline-{worker}")
    budget = one(overlay, "PodDisruptionBudget", f"newsline-{worker}")

    assert "replicas" not in deployment["spec"]
    assert budget["spec"]["maxUnavailable"] == 1
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(("worker", "topic"), list(zip(WORKERS, FLOW, strict=True)), ids=WORKERS)
def test_workers_grow_with_the_lag_of_their_group_up_to_its_partitions(
    worker: str, topic: Topic
) -> None:
    told = one("production", "ScaledObject", f"newsline-{worker}")["spec"]
    (trigger,) = told["triggers"]
    config = one("production", "ConfigMap", "newsline")["data"]

    assert told["scaleTargetRef"]["name"] == f"newsline-{worker}"
    assert trigger["metadata"]["topic"] == topic.name
    assert trigger["metadata"]["consumerGroup"] == topic.group
    assert trigger["metadata"]["bootstrapServersFromEnv"] in config
    assert told["maxReplicaCount"] == int(config["NEWSLINE_TOPIC_PARTITIONS"])
    assert told["maxReplicaCount"] == TopicSettings().partitions


def test_the_flow_is_the_one_that_is_paired_with_the_workers() -> None:
    assert FLOW[0] is RAW
    assert [topic.group for topic in FLOW] == [f"newsline-{worker}" for worker in WORKERS]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_what_is_named_may_talk(overlay: str) -> None:
    policies = {p["metadata"]["name"]: p["spec"] for p in of_kind(overlay, "NetworkPolicy")}
    nothing = policies["newsline-nothing"]

    assert nothing["podSelector"]["matchLabels"] == {"app.kubernetes.io/part-of": "newsline"}
    assert set(nothing["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in nothing
    assert "egress" not in nothing
    for resource in built(overlay):
        if resource["kind"] in {"Deployment", "Job"}:
            labels = resource["spec"]["template"]["metadata"]["labels"]
            assert labels["app.kubernetes.io/part-of"] == "newsline"
    (who,) = policies["newsline-to-elasticsearch"]["podSelector"]["matchExpressions"]
    assert set(who["values"]) == {"newsline-index", "newsline-setup"}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    ("policy", "source", "setting"),
    [
        ("newsline-to-kafka", "newsline", "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS"),
        ("newsline-to-elasticsearch", "newsline-elasticsearch", "NEWSLINE_ELASTICSEARCH_URL"),
    ],
)
def test_policies_open_the_way_that_settings_take(
    overlay: str, policy: str, source: str, setting: str
) -> None:
    address = one(overlay, "ConfigMap", source)["data"][setting]
    found = re.search(r"([\w-]+)\.([\w-]+):(\d+)$", address)
    assert found is not None
    (rule,) = one(overlay, "NetworkPolicy", policy)["spec"]["egress"]

    (to,) = rule["to"]
    assert to["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": found[2]}
    assert rule["ports"] == [{"port": int(found[3]), "protocol": "TCP"}]


def test_the_local_overlay_brings_the_servers_that_it_names() -> None:
    for name, setting, image, version in (
        ("kafka", "newsline", "apache/kafka", reading.server_version("kafka")),
        (
            "elasticsearch",
            "newsline-elasticsearch",
            "docker.elastic.co/elasticsearch/elasticsearch",
            reading.server_version("elasticsearch"),
        ),
    ):
        service = one("local", "Service", name)
        data = " ".join(one("local", "ConfigMap", setting)["data"].values())
        assert (
            f"{name}.{service['metadata']['namespace']}:{service['spec']['ports'][0]['port']}"
            in data
        )
        (container,) = one("local", "StatefulSet", name)["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"{image}:{version}"


def test_the_local_broker_is_that_of_compose() -> None:
    compose = reading.load(reading.COMPOSE)["services"]["kafka"]["environment"]
    (container,) = one("local", "StatefulSet", "kafka")["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each["value"] for each in container["env"]}
    elsewhere = {
        "KAFKA_LISTENERS",
        "KAFKA_ADVERTISED_LISTENERS",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
        "KAFKA_CONTROLLER_QUORUM_VOTERS",
        "KAFKA_LOG_DIRS",
    }

    for key, value in told.items():
        if key not in elsewhere:
            assert compose[key] == value, key


def test_production_has_no_password_in_it() -> None:
    for name, pod in pods("production"):
        for key, value in settings("production", pod).items():
            if re.search(r"PASSWORD$|API_KEY$|USERNAME$", key):
                assert value is None, f"{name}: {key}"


def test_production_speaks_tls() -> None:
    kafka = one("production", "ConfigMap", "newsline")["data"]
    elasticsearch = one("production", "ConfigMap", "newsline-elasticsearch")["data"]

    assert kafka["NEWSLINE_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
    assert elasticsearch["NEWSLINE_ELASTICSEARCH_URL"].startswith("https://")
    for name, pod in pods("production"):
        mounts = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        for key, value in settings("production", pod).items():
            if key.endswith("_FILE"):
                assert value is not None
                assert str(Path(value).parent) in mounts, f"{name}: {key}"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_images_are_those_that_the_dockerfile_makes(overlay: str) -> None:
    for name, pod in pods(overlay):
        image = pod["containers"][0]["image"].rpartition(":")[0].rpartition("/")[2]
        assert image in dockerfile.stages(), name
