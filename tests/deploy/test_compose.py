"""docker-compose.yml: accepted by docker compose, safe by default, and true to the code."""

import re
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from services.contracts.settings import SETTING_NAMES
from services.contracts.topics import ENRICHED, FLOW, MAX_RECORD_BYTES
from services.elastic.settings import ElasticsearchSettings
from services.enrich.settings import EnrichSettings
from services.runtime.health import USUAL_PORTS
from services.runtime.kafka.settings import KafkaSettings, TopicSettings
from services.runtime.settings import PREFIX, WorkerSettings, read_settings
from tests.deploy import reading
from tests.deploy.reading import COMPOSE, TEMPLATE, TLS, VARIABLE, WORKERS, Object

ONE_SHOT = {"setup", "dashboards", "certificates"}
OURS = {*WORKERS, "setup", "dashboards"}
# What each part of the stack may be told by people; all are in the template of .env.
PROFILES: tuple[tuple[str, ...], ...] = (
    (),
    ("--profile", "tools"),
    ("--profile", "monitoring"),
    ("--profile", "tools", "--profile", "monitoring"),
)
OVERLAYS: tuple[tuple[str, ...], ...] = ((), ("-f", str(COMPOSE), "-f", str(TLS)))


@pytest.fixture(scope="module")
def env_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reading.made_dotenv(tmp_path_factory.mktemp("env"))


@pytest.fixture(scope="module")
def services(env_file: Path) -> Object:
    found: Object = reading.resolved(env_file)["services"]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS, ids=("plain", "tls"))
@pytest.mark.parametrize("profile", PROFILES, ids=" ".join)
def test_docker_compose_accepts_it(
    env_file: Path, overlay: tuple[str, ...], profile: tuple[str, ...]
) -> None:
    told = reading.compose(env_file, *overlay, *profile, "config", "-q")

    assert (told.returncode, told.stderr) == (0, "")


def test_without_a_dotenv_it_says_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / ".env"
    empty.touch()

    told = reading.compose(empty, "config", "-q")

    assert told.returncode != 0
    assert "ELASTIC_PASSWORD is missing a value: run make env" in told.stderr


@pytest.mark.parametrize("path", [COMPOSE, TLS], ids=lambda path: str(path.name))
def test_every_variable_has_a_default_or_a_message(path: Path) -> None:
    for found in VARIABLE.finditer(path.read_text(encoding="utf-8")):
        rest = found["rest"] or ""
        assert re.match(r":-.+|:\?.+", rest), f"{found[0]} has neither default nor message"


def test_the_template_holds_every_variable_with_the_same_default() -> None:
    template = reading.dotenv(TEMPLATE)
    used: dict[str, set[str]] = {}
    for path in (COMPOSE, TLS):
        for found in VARIABLE.finditer(path.read_text(encoding="utf-8")):
            rest = found["rest"] or ""
            used.setdefault(found["name"], set()).add(rest[2:] if rest[:2] == ":-" else "")

    assert used == {name: {default} for name, default in template.items()}


def test_every_service_is_bounded_and_watched(services: Object) -> None:
    for name, service in services.items():
        assert int(service["mem_limit"]) > 0, name
        if name in ONE_SHOT:
            assert service["restart"] == "no", name
        else:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name


def test_ports_are_published_on_the_loopback_alone(services: Object) -> None:
    published = [port for service in services.values() for port in service.get("ports", ())]

    assert published
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}
    numbers = [port["published"] for port in published]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_can_be_scaled(services: Object, worker: str) -> None:
    assert "container_name" not in services[worker]
    assert "ports" not in services[worker]
    assert "hostname" not in services[worker]


def test_no_service_has_a_fixed_container_name(services: Object) -> None:
    assert not [name for name, service in services.items() if "container_name" in service]


@pytest.mark.parametrize("worker", WORKERS)
def test_workers_wait_for_the_set_up_job_alone(services: Object, worker: str) -> None:
    """Not for Kibana: articles flow without it."""
    waits = {name: told["condition"] for name, told in services[worker]["depends_on"].items()}

    assert waits == {"setup": "service_completed_successfully"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_may_do_nothing_that_they_need_not(services: Object, name: str) -> None:
    service = services[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in service  # the image's own, which is not root
    assert "privileged" not in service


def test_images_are_pinned_by_version(services: Object) -> None:
    for name, service in services.items():
        tag = service["image"].rpartition(":")[2]
        pattern = r"local" if name in OURS else r"v?\d+\.\d+\.\d+"
        assert re.fullmatch(pattern, tag), service["image"]


def test_servers_are_of_the_versions_that_are_tested(services: Object) -> None:
    """Kafka and Elasticsearch as in the local stack; Kibana and the client as Elasticsearch."""
    project = tomllib.loads((reading.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (client,) = project["project"]["optional-dependencies"]["index"]
    elasticsearch = reading.server_version("elasticsearch")

    assert services["kafka"]["image"] == f"apache/kafka:{reading.server_version('kafka')}"
    assert services["elasticsearch"]["image"].endswith(f":{elasticsearch}")
    assert services["kibana"]["image"].endswith(f":{elasticsearch}")
    assert client == f"elasticsearch[async]=={elasticsearch}"
    tls = reading.load(TLS)["services"]["certificates"]["image"]
    assert tls == services["elasticsearch"]["image"]


def test_settings_are_known_and_usable(services: Object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, service in services.items():
        environment = service.get("environment", {})
        ours = {key: value for key, value in environment.items() if key.startswith(PREFIX)}
        assert set(ours) <= SETTING_NAMES, name
        with monkeypatch.context() as patch:
            for key, value in ours.items():
                patch.setenv(key, value)
            for kind in (WorkerSettings, KafkaSettings, ElasticsearchSettings, EnrichSettings):
                read_settings(kind)
            if name == "setup":
                assert read_settings(TopicSettings) == TopicSettings()


def test_people_cannot_be_told_of_a_setting_that_nobody_reads() -> None:
    """A variable of .env is often exported to the shell, where `newsline` reads it too."""
    ours = {name for name in reading.dotenv(TEMPLATE) if name.startswith(PREFIX)}

    assert ours <= SETTING_NAMES


@pytest.mark.parametrize("worker", WORKERS)
def test_probes_ask_the_port_that_the_worker_has(services: Object, worker: str) -> None:
    port = USUAL_PORTS[worker]
    environment = services[worker]["environment"]

    assert environment["NEWSLINE_HEALTH_PORT"] == str(port)
    assert environment["NEWSLINE_HEALTH_HOST"] == "0.0.0.0"  # noqa: S104 - inside a container
    assert f"http://127.0.0.1:{port}/readyz" in services[worker]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("worker", WORKERS)
def test_docker_waits_longer_than_a_worker_drains(services: Object, worker: str) -> None:
    grace = services[worker]["stop_grace_period"]

    # `_drain` gives up after the deadline and a quarter of it.
    assert int(grace.removesuffix("s")) >= WorkerSettings().shutdown_seconds * 1.25 + 1


def test_the_broker_takes_what_the_topics_take(services: Object) -> None:
    environment = services["kafka"]["environment"]
    largest = int(ENRICHED.dead_configs(retention_ms=-1)["max.message.bytes"])

    assert int(environment["KAFKA_MESSAGE_MAX_BYTES"]) == largest
    assert int(environment["KAFKA_REPLICA_FETCH_MAX_BYTES"]) == largest
    assert max(topic.max_message_bytes for topic in FLOW) == 2 * MAX_RECORD_BYTES


@pytest.mark.parametrize(
    "key",
    [
        "process.roles",
        "auto.create.topics.enable",
        "message.max.bytes",
        "replica.fetch.max.bytes",
        "default.replication.factor",
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "group.initial.rebalance.delay.ms",
    ],
)
def test_the_broker_is_as_the_local_one(services: Object, key: str) -> None:
    """What the tests find on the local broker holds for this one."""
    lines = (reading.LOCAL / "kafka" / "server.properties").read_text().splitlines()
    local = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    told = services["kafka"]["environment"]["KAFKA_" + key.upper().replace(".", "_")]
    assert told == local[key]


def test_programs_on_this_machine_find_the_published_broker(env_file: Path) -> None:
    text = env_file.read_text(encoding="utf-8").replace("KAFKA_PORT=9092", "KAFKA_PORT=19999")
    env_file = env_file.with_name("other.env")
    env_file.write_text(text, encoding="utf-8")

    kafka = reading.resolved(env_file)["services"]["kafka"]

    assert "PLAINTEXT_HOST://127.0.0.1:19999" in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert [port["published"] for port in kafka["ports"]] == ["19999"]


def test_only_the_index_worker_can_reach_the_key(services: Object) -> None:
    holders = {
        name: volume["source"]
        for name, service in services.items()
        for volume in service.get("volumes", ())
        if volume["target"] == "/credentials"
    }

    assert set(holders) == {"index", "setup"}
    assert all(
        "ELASTIC_PASSWORD" not in key and key != "NEWSLINE_ELASTICSEARCH_PASSWORD"
        for worker in WORKERS
        for key in services[worker]["environment"]
    )
    (mount,) = services["index"]["volumes"]
    assert mount["read_only"] is True


def test_with_tls_nobody_speaks_plainly_to_elasticsearch(env_file: Path) -> None:
    services = reading.resolved(env_file, "-f", str(COMPOSE), "-f", str(TLS))["services"]

    assert services["elasticsearch"]["environment"]["xpack.security.http.ssl.enabled"] == "true"
    for text in reading.strings({name: services[name] for name in services if name != "kafka-ui"}):
        assert "http://elasticsearch" not in text
        assert "http://kibana" not in text
        assert "http://localhost:9200" not in text
    for name in ("setup", "index"):
        environment = services[name]["environment"]
        assert environment["NEWSLINE_ELASTICSEARCH_URL"].startswith("https://")
        assert environment["NEWSLINE_ELASTICSEARCH_CA_FILE"] == "/certificates/ca/ca.crt"


def test_make_env_makes_secrets_that_nobody_else_can_read(tmp_path: Path) -> None:
    first, second = (tmp_path / "1", tmp_path / "2")
    first.mkdir()
    second.mkdir()

    one, two = (reading.made_dotenv(folder) for folder in (first, second))

    template = reading.dotenv(TEMPLATE)
    secret_names = {name for name, value in template.items() if not value}
    told, other = reading.dotenv(one), reading.dotenv(two)
    assert set(told) == set(template)
    assert stat.S_IMODE(one.stat().st_mode) == 0o600
    for name in secret_names:
        assert re.fullmatch(r"[0-9a-f]{48}", told[name])
    values = [settings[name] for settings in (told, other) for name in secret_names]
    assert len(values) == len(set(values))


def test_make_env_keeps_what_is_there(tmp_path: Path) -> None:
    made = reading.made_dotenv(tmp_path)
    before = made.read_text(encoding="utf-8")

    told = reading.run(sys.executable, "deploy/compose/env.py", str(made))

    assert told.returncode == 1
    assert "is kept" in told.stderr
    assert made.read_text(encoding="utf-8") == before


def test_a_dotenv_is_never_committed() -> None:
    assert ".env" in (reading.ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not reading.run("git", "ls-files", ".env").stdout
