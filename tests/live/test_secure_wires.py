"""TLS, SASL/SCRAM, rights and API keys, by settings alone, on a real broker that enforces them."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import trustme

from services.contracts.topics import ACCEPTED, ENRICHED, RAW
from services.local.ports import is_free
from services.local.settings import Overrides, StackSettings
from services.local.stack import LocalStack
from tests.live.secure import (
    PASSWORD,
    Certificates,
    Rights,
    broker_properties,
    certificates,
    tls_front,
)
from tests.support.pipeline import Pipeline, eventually, pipeline
from tests.support.stack import QUICK, RunningStack, taken_down

API_KEY = "aW5kZXg6c2VjcmV0LW9mLW9uZS10ZXN0"


@dataclass(frozen=True, slots=True)
class Doors:
    """The broker's ports."""

    plain: int
    controller: int
    secure: int


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, files: Certificates) -> Iterator[Doors]:
    """A broker of its own with a plain door for the administrator, and a secure one."""
    free = (port for port in range(18_000, 20_000) if is_free(port))
    ports = Doors(next(free), next(free), next(free))
    settings = StackSettings(
        home=tmp_path_factory.mktemp("secure") / "home",
        kafka_port=ports.plain,
        kafka_controller_port=ports.controller,
        kafka_heap_mb=384,
    )
    properties = broker_properties(**asdict(ports), store=files.server_store)
    overrides = Overrides(kafka_properties=properties, kafka_jvm_options=QUICK)
    with taken_down(LocalStack(settings, overrides)) as local:
        local.start("kafka")
        yield ports


@pytest.fixture
async def pipe(stack: RunningStack, doors: Doors, tmp_path: Path) -> AsyncIterator[Pipeline]:
    servers = RunningStack(stack.local, f"127.0.0.1:{doors.plain}", stack.elasticsearch_url)
    async with pipeline(servers, tmp_path) as made:
        yield made


def rights(pipe: Pipeline) -> dict[str, Rights]:
    raw, accepted, enriched = (pipe.topic(topic) for topic in (RAW, ACCEPTED, ENRICHED))
    return {
        "ingest": Rights("ingester", raw.group, raw.name, [accepted.name, raw.dead]),
        "enrich": Rights("enricher", accepted.group, accepted.name, [enriched.name, accepted.dead]),
        "index": Rights("indexer", enriched.group, enriched.name, [enriched.dead]),
    }


def environment(user: str, doors: Doors, files: Certificates, folder: Path) -> dict[str, str]:
    password = folder / "password"
    password.write_text(PASSWORD + "\n")
    return {
        "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{doors.secure}",
        "NEWSLINE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "NEWSLINE_KAFKA_USERNAME": user,
        "NEWSLINE_KAFKA_PASSWORD_FILE": str(password),
        "NEWSLINE_KAFKA_CA_FILE": str(files.authority),
    }


def elasticsearch(url: str, files: Certificates, folder: Path) -> dict[str, str]:
    api_key = folder / "api-key"
    api_key.write_text(API_KEY + "\n")
    return {
        "NEWSLINE_ELASTICSEARCH_URL": url,
        "NEWSLINE_ELASTICSEARCH_API_KEY_FILE": str(api_key),
        "NEWSLINE_ELASTICSEARCH_CA_FILE": str(files.authority),
    }


async def test_every_worker_works_with_its_own_rights_and_no_more(
    pipe: Pipeline, doors: Doors, files: Certificates, tmp_path: Path
) -> None:
    good = [
        json.dumps({"source": "secure", "id": str(n), "text": f"Report {n} was read."}).encode()
        for n in range(200)
    ]
    async with tls_front(
        pipe.elasticsearch.url, files.server_context, authorization=f"ApiKey {API_KEY}"
    ) as url:
        for service, right in rights(pipe).items():
            right.grant(f"127.0.0.1:{doors.plain}")
            told = environment(right.user, doors, files, tmp_path)
            await pipe.start(service, told | elasticsearch(url, files, tmp_path)).ready()
        await pipe.push([*good, b"{"])
        await pipe.push([b"no article"], topic=ACCEPTED)
        await pipe.push([b"no article"], topic=ENRICHED)
        await pipe.drained()

    assert len(await pipe.documents()) == 200
    assert [len(await pipe.dead(topic)) for topic in (RAW, ACCEPTED, ENRICHED)] == [1, 1, 1]
    for worker in pipe.workers:
        log = worker.log_file.read_text("utf-8")
        assert PASSWORD not in log
        assert API_KEY not in log


async def test_a_worker_with_another_ones_rights_gets_nowhere_and_says_what_it_lacks(
    pipe: Pipeline, doors: Doors, files: Certificates, tmp_path: Path
) -> None:
    right = rights(pipe)["index"]
    right.grant(f"127.0.0.1:{doors.plain}")
    worker = pipe.start("ingest", environment(right.user, doors, files, tmp_path))

    async def waits() -> bool:
        return f"{pipe.topic(RAW).name}" in (await worker.get("/readyz"))[1]

    await eventually("it names the topics that it may not see", waits)


async def test_a_broker_whose_certificate_is_not_trusted_is_not_spoken_to(
    pipe: Pipeline, doors: Doors, files: Certificates, tmp_path: Path
) -> None:
    right = rights(pipe)["index"]
    right.grant(f"127.0.0.1:{doors.plain}")
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(stranger)
    told = environment(right.user, doors, files, tmp_path)
    worker = pipe.start("index", told | {"NEWSLINE_KAFKA_CA_FILE": str(stranger)})

    async def waits() -> bool:
        return "Kafka" in (await worker.get("/readyz"))[1]

    await eventually("it waits for a broker that it can trust", waits)
    assert pipe.topic(ENRICHED).group not in (await pipe.lag())


async def test_a_wrong_file_is_one_clear_line(
    pipe: Pipeline, doors: Doors, files: Certificates, tmp_path: Path
) -> None:
    told = environment("indexer", doors, files, tmp_path)
    for name in ("NEWSLINE_KAFKA_PASSWORD_FILE", "NEWSLINE_KAFKA_CA_FILE"):
        worker = pipe.start("index", told | {name: str(tmp_path / "nowhere")})

        assert await worker.ended() == 2
        log = worker.log_file.read_text("utf-8")
        assert "Traceback" not in log
        assert "NEWSLINE_KAFKA_" in log.splitlines()[-1] or "nowhere" in log
