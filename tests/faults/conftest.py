"""Pipelines on the shared servers, and servers of a test's own for what must restart or fill."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.servers import OwnServers, own_servers
from tests.support.pipeline import Pipeline, pipeline


@pytest.fixture
async def mortal_pipe(mortal: OwnServers, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A namespace of servers that the test may kill."""
    async with pipeline(mortal, tmp_path) as made:
        yield made
        # A test that failed may have left them dead; the next one must not fail for that.
        for name in ("elasticsearch", "kafka"):
            await mortal.start(name)


@pytest.fixture(scope="session")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServers]:
    """Servers that tests may kill, if they start them again."""
    with own_servers(tmp_path_factory.mktemp("mortal") / "home") as servers:
        yield servers
