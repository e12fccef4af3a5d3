"""What goes into the images, run on real servers; and a real Prometheus that scrapes it."""

import asyncio
import json
import re
import socket
import subprocess
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client.parser import text_string_to_metric_families

from services.contracts.topics import RAW
from services.elastic import naming
from tests.deploy import dockerfile, images, monitoring, reading
from tests.deploy.images import Container, Image
from tests.deploy.reading import PACKAGES, WORKERS, Object
from tests.support.stack import RunningStack

pytestmark = pytest.mark.timeout(400)

ARTICLES = [
    json.dumps(
        {
            "source": "wire",
            "id": str(number),
            "title": "Berlin and Paris agree",
            "text": "The mayor of Berlin met the mayor of Paris. They were glad.",
            "published_at": f"2026-01-0{number}",
        }
    ).encode()
    for number in range(1, 6)
]
BAD = b"\xff\xfe not an article"


class Deployment:
    """The set-up job and the three workers, each from its image."""

    def __init__(self, folder: Path, servers: RunningStack) -> None:
        self.namespace = f"i{uuid.uuid4().hex[:8]}"
        self.settings = images.settings(servers, self.namespace)
        self.servers = servers
        self.images = {name: Image(name, folder / name) for name in (*WORKERS, "setup")}
        self.containers: dict[str, Container] = {}
        self.before: dict[str, set[str]] = {}

    def up(self) -> None:
        for image in self.images.values():
            image.folder.mkdir()
            image.build()
        self.before = {name: image.files() for name, image in self.images.items()}
        assert self.set_up().returncode == 0
        for worker in WORKERS:
            self.containers[worker] = Container.start(self.images[worker], self.settings)
        for container in self.containers.values():
            container.wait_until_ready()

    def set_up(self) -> subprocess.CompletedProcess[str]:
        image = self.images["setup"]
        return subprocess.run(  # noqa: S603 - our own module
            image.command("servers", "--wait", "30"),
            cwd=image.app,
            env=image.environment(self.settings),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def down(self) -> None:
        for container in self.containers.values():
            if container.process.poll() is None:
                container.process.kill()
            container.process.wait(timeout=10)

    def push(self, *values: bytes) -> None:
        async def send() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=self.servers.bootstrap_servers)
            async with producer:
                for value in values:
                    await producer.send_and_wait(RAW.within(self.namespace).name, value)

        asyncio.run(send())

    def found(self) -> int:
        alias = naming.alias(self.namespace)
        status, text = images.get(f"{self.servers.elasticsearch_url}/{alias}/_count")
        return int(json.loads(text)["count"]) if status == 200 else 0

    def metrics(self) -> dict[str, set[str]]:
        """Every sample of the three workers, with its labels."""
        samples: dict[str, set[str]] = {}
        for container in self.containers.values():
            _, text = container.get("/metrics")
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    samples.setdefault(sample.name, set()).update(sample.labels)
        return samples


@pytest.fixture(scope="module")
def deployment(
    stack: RunningStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    made = Deployment(tmp_path_factory.mktemp("images"), stack)
    try:
        made.up()
        made.push(*ARTICLES, BAD)
        eventually("the articles are found", lambda: made.found() == len(ARTICLES))
        yield made
    finally:
        made.down()


def eventually(what: str, condition: Callable[[], bool], within: float = 60) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {within} s"
        time.sleep(0.2)


def test_articles_pass_from_image_to_image(deployment: Deployment) -> None:
    assert deployment.found() == len(ARTICLES)


@pytest.mark.parametrize("worker", WORKERS)
def test_an_image_imports_nothing_that_is_not_in_it(deployment: Deployment, worker: str) -> None:
    image = deployment.images[worker]
    program = "import json, sys, services.{0}.__main__; print(json.dumps(sorted(sys.modules)))"
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [str(image.python), "-c", program.format(worker)],
        cwd=image.app,
        env=image.environment({}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    packages = {
        name.split(".")[1] for name in json.loads(told.stdout) if name.startswith("services.")
    }
    assert packages == {"contracts", "runtime"} | PACKAGES[worker]


def test_workers_write_nothing_into_their_image(deployment: Deployment) -> None:
    """So its file system can be read-only."""
    for name, image in deployment.images.items():
        assert image.files() == deployment.before[name], name


def test_setting_up_again_changes_nothing(deployment: Deployment) -> None:
    told = deployment.set_up()

    assert told.returncode == 0
    assert told.stderr.splitlines() == [
        "All topics were there.",
        "Index templates and alias were there.",
    ]


@pytest.mark.parametrize("worker", WORKERS)
def test_the_images_health_check_finds_the_worker_well(deployment: Deployment, worker: str) -> None:
    container = deployment.containers[worker]
    (told_check,) = dockerfile.instructions(worker, "HEALTHCHECK")
    check = json.loads(told_check.partition("CMD ")[2])
    port = {"NEWSLINE_HEALTH_PORT": str(container.port)}

    told = subprocess.run(  # noqa: S603 - our own interpreter
        [str(container.image.python), *check[1:]],
        env=container.image.environment(port),
        check=False,
        timeout=30,
    )

    assert told.returncode == 0


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_has_room_in_its_memory_limit(deployment: Deployment, worker: str) -> None:
    """With models loaded and articles seen, half of it is free for large batches."""
    process = psutil.Process(deployment.containers[worker].process.pid)
    family = [process, *process.children(recursive=True)]
    used = sum(each.memory_full_info().pss for each in family)

    limit = reading.load(reading.COMPOSE)["services"][worker]["mem_limit"]
    amount, unit = int(limit[:-1]), {"m": 2**20, "g": 2**30}[limit[-1]]
    assert used < amount * unit / 2


def test_metrics_are_those_that_rules_and_panels_name(deployment: Deployment) -> None:
    live = deployment.metrics()
    # What only a fault makes: no server was away here.
    faults = {"newsline_retries_total", "newsline_waiting"}
    used = {
        name: set(labels)
        for expression in monitoring.expressions()
        for name, labels in monitoring.selectors(expression)
        if name.startswith(("newsline_", "process_"))
    }

    assert set(used) - faults <= set(live)
    for name, labels in used.items():
        assert labels <= live.get(name, labels) | {"job", "instance"}, name


@pytest.mark.debian
def test_a_real_prometheus_scrapes_workers_and_evaluates_all(
    deployment: Deployment, tmp_path: Path
) -> None:
    """Rules and panels give answers, not errors; where only Kafka's exporter knows, none."""
    prometheus = reading.tool(
        "prometheus", "prometheus (Debian, Ubuntu: apt-get install prometheus)"
    )
    config = configured(deployment, tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - Debian's program
            [
                prometheus,
                f"--config.file={config}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            eventually("all workers are scraped", lambda: scraped(url) == set(WORKERS))
            eventually("rules are evaluated", lambda: bool(ask(url, "newsline:articles:rate")))
            for expression in monitoring.expressions():
                found = ask(url, expression)
                needs_traffic = "rate(" in expression or "increase(" in expression
                if "kafka_" not in expression and ":" not in expression and not needs_traffic:
                    alerts = re.search(r"== 0|absent|> \d|== 1", expression)
                    assert found or alerts or "newsline_waiting" in expression, expression
            (total,) = ask(url, 'sum(newsline_articles_total{stage="index",outcome="stored"})')
            assert total["value"][1] == str(len(ARTICLES))
            (dead,) = ask(url, 'sum(newsline_articles_total{stage="ingest",outcome="dead"})')
            assert dead["value"][1] == "1"
        finally:
            process.terminate()
            process.wait(timeout=20)


def configured(deployment: Deployment, folder: Path) -> Path:
    """Our configuration, with the addresses of this machine in place of Docker's names."""
    config = reading.load(monitoring.CONFIG)
    config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    config["rule_files"] = [str(monitoring.RULES)]
    config["scrape_configs"] = [
        {
            "job_name": job["job_name"],
            "static_configs": [
                {"targets": [f"127.0.0.1:{deployment.containers[job['job_name']].port}"]}
            ],
        }
        for job in config["scrape_configs"]
        if job["job_name"] in WORKERS
    ]
    path = folder / "prometheus.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def scraped(url: str) -> set[str]:
    status, text = images.get(f"{url}/api/v1/targets")
    if status != 200:
        return set()
    targets = json.loads(text)["data"]["activeTargets"]
    return {target["labels"]["job"] for target in targets if target["health"] == "up"}


def ask(url: str, expression: str) -> list[Object]:
    query = urllib.parse.urlencode({"query": expression})
    status, text = images.get(f"{url}/api/v1/query?{query}")
    assert status == 200, f"{expression}: {text}"
    found: list[Object] = json.loads(text)["data"]["result"]
    return found


def test_workers_stop_as_docker_stops_them(deployment: Deployment) -> None:
    """The last test here: it ends them."""
    codes = {name: container.stop() for name, container in deployment.containers.items()}

    assert codes == dict.fromkeys(WORKERS, 0)
