"""A real Kafka and a real Elasticsearch for every test that asks for them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.pipeline import Pipeline, Servers, pipeline
from tests.support.stack import RunningStack, small_stack, taken_down


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for all live tests. A server that does not start is an error, never a skip."""
    with taken_down(small_stack(tmp_path_factory.mktemp("stack") / "home")) as local:
        state = local.up(workers=False)
        assert state.bootstrap_servers is not None
        assert state.elasticsearch_url is not None
        yield RunningStack(local, state.bootstrap_servers, state.elasticsearch_url)


@pytest.fixture
async def pipe(stack: Servers, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A namespace of the shared servers, for a test that leaves them as they were."""
    async with pipeline(stack, tmp_path) as made:
        yield made
