"""What the servers are told, before any of them runs."""

import json
from pathlib import Path

import pytest

from services.local.errors import HomeUnusable
from services.local.home import Home
from services.local.java.toolchain import Toolchain, java_environment
from services.local.servers.elasticsearch import ElasticsearchServer
from services.local.servers.kafka import KafkaServer, render
from services.local.servers.worker import WorkerProcess
from services.local.settings import ENVIRONMENT_NAMES, Overrides, StackSettings
from services.local.state import ProcessRecord, StackState

TOOLS = Toolchain(Path("/java"), "k.jar", "e.jar", Path("/modules"))
KAFKA_PORTS = {"kafka": 29092, "controller": 29093}
NODE_PORTS = {"elasticsearch": 29200, "transport": 29300}
STATE = (
    StackState()
    .with_process(ProcessRecord("kafka", 1, 1.0, KAFKA_PORTS, "k.log"))
    .with_process(ProcessRecord("elasticsearch", 2, 1.0, NODE_PORTS, "e.log"))
)


def kafka(home: Path, **overrides: str | None) -> KafkaServer:
    properties = {key.replace("_", "."): value for key, value in overrides.items()}
    settings = StackSettings(home=home, kafka_heap_mb=300)
    return KafkaServer(Home(home), settings, Overrides(kafka_properties=properties), TOOLS)


def test_the_broker_listens_on_this_machine_only(tmp_path: Path) -> None:
    properties = kafka(tmp_path).properties(KAFKA_PORTS)

    assert properties["listeners"] == "PLAINTEXT://127.0.0.1:29092,CONTROLLER://127.0.0.1:29093"
    assert properties["controller.quorum.voters"] == "1@127.0.0.1:29093"
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["message.max.bytes"] == str(8 * 1024 * 1024 + 65536)


def test_properties_from_python_replace_and_remove(tmp_path: Path) -> None:
    properties = kafka(tmp_path, log_dirs="/a,/b", num_partitions=None).properties(KAFKA_PORTS)

    assert properties["log.dirs"] == "/a,/b"
    assert "num.partitions" not in properties


def test_properties_are_ascii_whatever_the_path() -> None:
    assert render({"log.dirs": "/é\\😀"}) == "log.dirs=/\\u00e9\\\\\\ud83d\\ude00\n"


def test_the_heap_is_what_was_set(tmp_path: Path) -> None:
    assert "-Xmx300m" in kafka(tmp_path).command()


def test_data_of_another_cluster_are_refused(tmp_path: Path) -> None:
    broker = kafka(tmp_path)
    (broker.folder / "data").mkdir(parents=True)
    (broker.folder / "cluster.id").write_text("ours", encoding="ascii")
    meta = broker.folder / "data" / "meta.properties"
    meta.write_text("#\nversion=1\ncluster.id=theirs\n", encoding="utf-8")

    with pytest.raises(HomeUnusable, match=r"another cluster \(theirs, not ours\)"):
        broker.prepare(KAFKA_PORTS)


def test_data_that_were_formatted_are_not_formatted_again(tmp_path: Path) -> None:
    """
    There is no Java here: a second formatting would fail.
    """
    broker = kafka(tmp_path)
    (broker.folder / "data").mkdir(parents=True)
    (broker.folder / "data" / "meta.properties").write_text("cluster.id=x\n", encoding="utf-8")

    broker.prepare(KAFKA_PORTS)

    assert (broker.folder / "cluster.id").read_text(encoding="ascii") == "x"


def test_the_nodes_settings_are_one_json_value_a_line(tmp_path: Path) -> None:
    overrides = Overrides(elasticsearch_settings={"indexing_pressure.memory.limit": "1mb"})
    node = ElasticsearchServer(Home(tmp_path), StackSettings(), overrides, TOOLS)
    node.prepare(NODE_PORTS)

    lines = (tmp_path / "elasticsearch/config/elasticsearch.yml").read_text(encoding="utf-8")
    settings = {k: json.loads(v) for k, _, v in (x.partition(": ") for x in lines.splitlines())}
    assert settings["network.host"] == "127.0.0.1"
    assert settings["http.port"] == 29200
    assert settings["indexing_pressure.memory.limit"] == "1mb"


def test_a_worker_is_told_of_the_servers_and_not_of_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEWSLINE_KAFKA_HEAP_MB", "300")
    monkeypatch.setenv("NEWSLINE_LOG_LEVEL", "DEBUG")
    overrides = Overrides(worker_environment={"TZ": "UTC"})
    worker = WorkerProcess("enrich", 2, STATE, overrides, {"NEWSLINE_ENRICH_PROCESSES": "1"})

    environment = worker.environment({"health": 28082})

    assert "NEWSLINE_KAFKA_HEAP_MB" in ENVIRONMENT_NAMES
    assert {k: v for k, v in environment.items() if k.startswith("NEWSLINE_")} == {
        "NEWSLINE_LOG_LEVEL": "DEBUG",
        "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:29092",
        "NEWSLINE_ELASTICSEARCH_URL": "http://127.0.0.1:29200",
        "NEWSLINE_HEALTH_PORT": "28082",
        "NEWSLINE_ENRICH_PROCESSES": "1",
    }
    assert (environment["TZ"], worker.name) == ("UTC", "enrich-2")


def test_java_takes_no_options_from_the_environment() -> None:
    inherited = {"JAVA_TOOL_OPTIONS": "-Xmx1m", "PATH": "/bin", "LC_ALL": "C"}

    assert java_environment(inherited).get("JAVA_TOOL_OPTIONS") is None
    assert java_environment(inherited)["PATH"] == "/bin"
