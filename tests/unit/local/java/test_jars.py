"""The servers' jars: pinned to the byte, and honest about a network that is away."""

import hashlib
from pathlib import Path

import pytest

from services.local.errors import DownloadFailed
from services.local.java.jars import Jar, fetch_jars, read_lock
from services.local.java.toolchain import RESOURCES
from services.local.progress import Step, ignore_steps

CONTENT = b"not really a jar"
JAR = Jar("kafka", "org.example:thing:1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens there, so every request fails at once.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def put(cache: Path, content: bytes) -> Path:
    path = JAR.path(cache)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_the_lock_has_every_server_at_its_version() -> None:
    jars = read_lock(RESOURCES / "jars.lock")

    assert {jar.server for jar in jars} == {"kafka", "kafka-logging", "elasticsearch", "compiler"}
    names = {(jar.server, jar.name) for jar in jars}
    # The pair that breaks the broker when everything is resolved together.
    assert ("kafka", "kafka_2.13-4.1.1.jar") in names
    assert ("kafka", "kafka-clients-4.1.1.jar") in names
    assert ("elasticsearch", "transport-netty4-9.2.0.jar") in names


def test_a_jar_that_is_there_needs_no_network(tmp_path: Path, offline: None) -> None:
    put(tmp_path, CONTENT)
    steps: list[Step] = []

    fetch_jars([JAR], tmp_path, steps.append)

    assert [(step.done, step.total) for step in steps] == [(len(CONTENT), len(CONTENT))]


def test_half_a_jar_is_fetched_again(tmp_path: Path, offline: None) -> None:
    """
    What an interrupted download left is thrown away, even if its size were right.
    """
    path = put(tmp_path, CONTENT[::-1])

    with pytest.raises(DownloadFailed):
        fetch_jars([JAR], tmp_path, ignore_steps)

    assert not path.exists()


def test_no_network_is_said_without_a_trace(tmp_path: Path, offline: None) -> None:
    with pytest.raises(DownloadFailed, match=r"thing-1\.0\.jar could not be downloaded") as raised:
        fetch_jars([JAR], tmp_path, ignore_steps)

    assert "first start needs the network" in raised.value.hint
