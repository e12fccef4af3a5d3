"""The stack's promises, kept by real servers."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from elasticsearch import Elasticsearch

from services.local.errors import PortTaken, ServerDied
from services.local.ports import free_port
from services.local.settings import Overrides, Service, StackSettings
from services.local.stack import LocalStack
from tests.support.processes import runs
from tests.support.stack import QUICK, RunningStack, small_stack, taken_down

pytestmark = pytest.mark.timeout(300)

# A worker's stand-in: only its health page, and a child, as a worker's pool of processes would be.
STUB = """
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
address = ("127.0.0.1", int(os.environ["NEWSLINE_HEALTH_PORT"]))
print(os.environ["NEWSLINE_KAFKA_BOOTSTRAP_SERVERS"], os.environ["NEWSLINE_ELASTICSEARCH_URL"])
http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def stub(_service: Service) -> tuple[str, ...]:
    return (sys.executable, "-c", STUB)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack that these tests may stop, kill and start, in a folder of an awkward name."""
    home = tmp_path_factory.mktemp("own") / "mine, it's ünusual"
    overrides = Overrides(
        kafka_jvm_options=QUICK, elasticsearch_jvm_options=QUICK, worker_command=stub
    )
    with taken_down(small_stack(home, overrides)) as local:
        local.up(workers=False)
        yield local


def client(local: LocalStack) -> Elasticsearch:
    url = local.state().elasticsearch_url
    assert url is not None
    return Elasticsearch(url, request_timeout=30)


def tokens(elastic: Elasticsearch, **how: object) -> list[str]:
    return [token["token"] for token in elastic.indices.analyze(**how)["tokens"]]  # type: ignore[arg-type]  # a test's shorthand


async def produce(local: LocalStack, topic: str, value: bytes) -> None:
    servers = local.state().bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await producer.send_and_wait(topic, value)


async def consume(local: LocalStack, topic: str, count: int) -> list[bytes | None]:
    servers = local.state().bootstrap_servers
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=servers, auto_offset_reset="earliest"
    ) as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


async def create(local: LocalStack, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=local.state().bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()


def test_the_node_is_elasticsearch_to_its_official_client(stack: RunningStack) -> None:
    """
    The client checks the product's header, and knows the version that we pinned.
    """
    with Elasticsearch(stack.elasticsearch_url) as elastic:
        assert elastic.ping()
        assert elastic.info()["version"]["number"] == "9.2.0"


def test_the_node_knows_english(stack: RunningStack) -> None:
    """
    The analyzer and the filters that mappings name are there, with the real ones' results.
    """
    with Elasticsearch(stack.elasticsearch_url) as elastic:
        assert tokens(elastic, analyzer="english", text="The senators' running") == ["senat", "run"]
        folded = tokens(
            elastic, tokenizer="standard", filter=["lowercase", "asciifolding"], text="Président"
        )
        stems = tokens(elastic, tokenizer="whitespace", filter=["porter_stem"], text="running")
        stop = tokens(elastic, tokenizer="standard", filter=["stop"], text="the news")
        possessive = {"type": "stemmer", "language": "possessive_english"}
        owner = tokens(elastic, tokenizer="standard", filter=[possessive], text="Maria's")
        assert (folded, stems, stop, owner) == (["president"], ["run"], ["news"], ["Maria"])


async def test_data_survive_down_and_up(own: LocalStack) -> None:
    """
    What was stored before ``down`` is there after ``up``, though the ports are others.
    """
    await create(own, "kept")
    await produce(own, "kept", b"first")
    with client(own) as elastic:
        elastic.index(index="kept", id="1", document={"n": 1}, refresh=True)

    report = own.down()
    assert set(report.ended) == {"kafka", "elasticsearch"}
    assert report.killed == ()
    assert own.processes() == []
    own.up(workers=False)

    assert await consume(own, "kept", 1) == [b"first"]
    with client(own) as elastic:
        assert elastic.get(index="kept", id="1")["_source"] == {"n": 1}


async def test_servers_that_are_killed_come_back_where_they_were(own: LocalStack) -> None:
    """
    After ``kill -9`` both start on their data and their ports, and keep what they acknowledged.
    """
    await create(own, "killed")
    await produce(own, "killed", b"acknowledged")
    before = own.state()
    with client(own) as elastic:
        elastic.index(index="killed", id="1", document={"n": 1})

    assert own.stop("kafka", signal.SIGKILL)
    assert own.stop("elasticsearch", signal.SIGKILL)
    assert [process.condition for process in own.processes()] == ["dead", "dead"]
    own.start("elasticsearch")
    own.up(workers=False)

    after = own.state()
    assert after.bootstrap_servers == before.bootstrap_servers
    assert after.elasticsearch_url == before.elasticsearch_url
    assert await consume(own, "killed", 1) == [b"acknowledged"]
    with client(own) as elastic:
        assert elastic.get(index="killed", id="1")["_source"] == {"n": 1}


def test_up_leaves_alone_what_runs(own: LocalStack) -> None:
    """
    A second ``up`` changes nothing.
    """
    before = own.state()

    assert own.up(workers=False) == before


def test_workers_start_after_the_servers_and_end_with_their_children(own: LocalStack) -> None:
    """
    They are told where the servers are; ``down`` ends them, and what they have started.
    """
    prepared: list[str | None] = []
    state = own.up(before_workers=lambda state: prepared.append(state.bootstrap_servers))
    own.start_worker("enrich", 2)
    assert prepared == [state.bootstrap_servers]
    records = own.state().processes
    assert set(records) == {
        "kafka", "elasticsearch", "ingest-1", "enrich-1", "index-1", "enrich-2"
    }  # fmt: skip
    said = Path(records["ingest-1"].log).read_text(encoding="utf-8")
    assert f"{state.bootstrap_servers} {state.elasticsearch_url}" in said
    family = [
        process
        for record in records.values()
        for process in (
            psutil.Process(record.pid),
            *psutil.Process(record.pid).children(recursive=True),
        )
    ]
    assert len(family) == 10

    own.stop_worker("enrich", 2)
    own.down()

    assert not [process for process in family if runs(process.pid)]


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """
    The error says which port, for which server, and which setting mends it.
    """
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        # Any free port for the others: a stack on the default ports may run beside the tests.
        settings = StackSettings(
            home=tmp_path / "home",
            kafka_port=port,
            kafka_controller_port=0,
            elasticsearch_port=0,
            elasticsearch_transport_port=0,
        )
        local = LocalStack(settings)
        with pytest.raises(PortTaken) as raised:
            local.up(workers=False)

    assert f"Port {port} on 127.0.0.1, which Kafka needs, is taken." in str(raised.value)
    assert f"Process {os.getpid()} " in str(raised.value)
    assert "NEWSLINE_KAFKA_PORT" in raised.value.hint
    assert local.state().processes == {}


def test_a_server_that_dies_is_quoted_and_the_other_stopped(tmp_path: Path) -> None:
    """
    The error holds the server's own reason; nothing of a failed ``up`` is left running.
    """
    overrides = Overrides(
        kafka_jvm_options=QUICK,
        elasticsearch_jvm_options=QUICK,
        elasticsearch_settings={"no.such.setting": True},
    )
    local = small_stack(tmp_path / "home", overrides)
    with pytest.raises(ServerDied, match=r"unknown setting \[no\.such\.setting\]") as raised:
        local.up(workers=False)
    assert "NewslineNode.java" not in str(raised.value)

    assert local.state().processes == {}
    ours = str(tmp_path)
    assert not [p for p in psutil.process_iter(["cwd"]) if str(p.info["cwd"]).startswith(ours)]


def test_a_wipe_removes_everything(tmp_path: Path) -> None:
    """
    After ``down`` with a wipe the folder is gone, and a second ``down`` is content.
    """
    overrides = Overrides(worker_command=stub)
    local = LocalStack(
        StackSettings(home=tmp_path / "home", kafka_port=free_port(), free_ports=True), overrides
    )
    local.home.prepare()

    local.down(wipe=True)
    local.down()

    assert not (tmp_path / "home").exists()
