"""A real Kafka and a real Elasticsearch for every test that asks for them: one pair for a whole
run, whether it runs in one process or side by side in several (pytest-xdist).
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.pipeline import Pipeline, Servers, pipeline
from tests.support.stack import RunningStack, small_stack, taken_down

HOME = pytest.StashKey[Path]()
# An example's time is the machine's business; limits of time have tests of their own (`measured`).
settings.register_profile("newsline", parent=settings(), deadline=None)
settings.load_profile("newsline")
# What a developer has set for another stack must not reach the tests; where downloads are kept may.
KEPT = {"NEWSLINE_CACHE"}


def pytest_configure(config: pytest.Config) -> None:
    """Clean the environment, and say where the shared servers will live.

    The first process of a run, which is the controller where there are several, takes them down.
    """
    for name in [name for name in os.environ if name.startswith("NEWSLINE_")]:
        if name not in KEPT:
            del os.environ[name]
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[HOME] = Path(told["stack_home"])
        return
    folder = Path(tempfile.mkdtemp(prefix="newsline-tests-"))
    config.stash[HOME] = folder / "home"
    # Where stacks tell of each other: these are nobody else's business.
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
    cleanup = ExitStack()
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    cleanup.enter_context(taken_down(small_stack(config.stash[HOME])))
    config.add_cleanup(cleanup.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each process of pytest-xdist where the shared servers live."""
    node.workerinput["stack_home"] = str(node.config.stash[HOME])


@pytest.fixture(scope="session")
def stack(pytestconfig: pytest.Config) -> RunningStack:
    """The shared servers. The first test that asks starts them; no test stops them.

    A server that does not start is an error, never a skip.
    """
    local = small_stack(pytestconfig.stash[HOME])
    state = local.up(workers=False)
    assert state.bootstrap_servers is not None
    assert state.elasticsearch_url is not None
    return RunningStack(local, state.bootstrap_servers, state.elasticsearch_url)


@pytest.fixture
async def pipe(stack: Servers, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A namespace of the shared servers, for a test that leaves them as they were."""
    async with pipeline(stack, tmp_path) as made:
        yield made
