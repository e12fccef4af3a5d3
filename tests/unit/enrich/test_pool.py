"""Real processes: what dies or hangs in one costs only the article it was at."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable

import psutil
import pytest

from services.contracts.errors import ContractViolation
from services.enrich.pool import Enriched, EnrichmentPool, ModelFunctions, ModelsCannotLoad


def load() -> None:
    pass


def load_badly() -> None:
    raise RuntimeError("a model is missing")


def work(value: bytes | None) -> Enriched:
    if value == b"die":
        os._exit(9)
    if value == b"hang":
        time.sleep(60)
    if value == b"poison":
        raise ContractViolation("contract", "no article")
    return Enriched("id", value or b"", 0.0)


NewPool = Callable[..., EnrichmentPool]


@pytest.fixture
async def new_pool() -> AsyncIterator[NewPool]:
    pools: list[EnrichmentPool] = []

    def build(models: ModelFunctions = ModelFunctions(load, work)) -> EnrichmentPool:  # noqa: B008 - immutable
        pools.append(EnrichmentPool(models, processes=1, timeout_seconds=3, beat=lambda: None))
        return pools[-1]

    yield build
    for pool in pools:
        pool.close()


def outcomes(results: list[object]) -> list[object]:
    return [r.code if isinstance(r, ContractViolation) else r.value for r in results]  # type: ignore[attr-defined] # one of the two


async def test_results_come_in_order_and_a_violation_crosses_the_process(
    new_pool: NewPool,
) -> None:
    pool = new_pool()
    await pool.start()
    values = [b"%d" % number for number in range(70)] + [b"poison"]

    results = outcomes([*await pool.enrich(values)])

    assert results == [*values[:70], "contract"]


async def test_an_article_that_kills_the_process_costs_only_itself(new_pool: NewPool) -> None:
    pool = new_pool()
    await pool.start()

    assert outcomes([*await pool.enrich([b"1", b"die", b"2"])]) == [b"1", "model_failed", b"2"]


async def test_an_article_that_hangs_costs_only_itself(new_pool: NewPool) -> None:
    pool = new_pool()
    await pool.start()

    assert outcomes([*await pool.enrich([b"1", b"hang"])]) == [b"1", "model_failed"]


async def test_models_that_cannot_load_are_no_articles_fault(new_pool: NewPool) -> None:
    with pytest.raises(ModelsCannotLoad):
        await new_pool(ModelFunctions(load_badly, work)).start()


async def test_closing_leaves_no_process(new_pool: NewPool) -> None:
    pool = new_pool()
    await pool.start()
    children = [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
    assert children

    pool.close()

    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


def test_an_interrupt_from_the_terminal_is_left_to_the_parent() -> None:
    """
    Ctrl-C goes to all processes of a terminal; a model process ends when its parent says so,
    whether it is being spawned, loads its models, or works.
    """
    program = subprocess.run(
        [sys.executable, "-m", "tests.unit.enrich.pool_program"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        start_new_session=True,
    )

    assert (program.returncode, program.stdout + program.stderr) == (0, "")
