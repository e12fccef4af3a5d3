"""Enrichment in processes of their own, so that no article can delay a heartbeat.

A process that dies or hangs over an article costs that article alone.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import NamedTuple, TypeVar

from services.contracts.errors import ContractViolation

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Measured: larger chunks gain nothing, and a chunk is what a broken process makes us repeat.
CHUNK_RECORDS = 32
# Of a chunk; models take about 10 ms for each article of usual length.
CHUNK_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Enriched:
    """An enriched article's key and value, and its first arrival in Unix seconds."""

    article_id: str
    value: bytes
    received_at_seconds: float


EnrichmentResult = Enriched | ContractViolation
Work = Callable[[bytes | None], EnrichmentResult]


class ModelFunctions(NamedTuple):
    """Loads and applies the models; module-level functions, so that a process can import them.

    ``load()`` is called once in every process. ``work(value)`` is pure and raises nothing but
    ContractViolation.
    """

    load: Callable[[], None]
    work: Work


class ModelsCannotLoad(RuntimeError):
    """The processes cannot start: the installation is broken, not an article."""


class EnrichmentPool:
    """Runs ``models.work`` in ``processes`` processes.

    :param timeout_seconds: for a chunk, once a process has taken it.
    :param beat: called whenever a chunk is done.
    """

    def __init__(
        self,
        models: ModelFunctions,
        *,
        processes: int,
        timeout_seconds: float,
        beat: Callable[[], None],
    ) -> None:
        self._processes = processes
        # A chunk's time counts from when a process takes it, not from when it is queued.
        self._free = asyncio.Semaphore(processes)
        self._timeout_seconds = timeout_seconds
        self._models = models
        self._beat = beat
        # Spawn, not fork: threads and sockets of this process must not be copied into children.
        self._context = multiprocessing.get_context("spawn")
        self._executor = self._new_executor()

    async def start(self) -> None:
        """Return once the models are loaded.

        :raises ModelsCannotLoad: they cannot be.
        """
        try:
            await asyncio.wait_for(self._run(_ready), self._timeout_seconds)
        except (BrokenProcessPool, TimeoutError) as error:
            raise ModelsCannotLoad("the model process died at its start; see its output") from error

    async def enrich(self, values: Sequence[bytes | None]) -> list[EnrichmentResult]:
        """One result for each value, in order."""
        chunks = list(_chunks(values))
        done = await asyncio.gather(*[self._try_chunk(chunk) for chunk in chunks])
        results = []
        for chunk, chunk_results in zip(chunks, done, strict=True):
            # Repeated only after all chunks have ended: a broken pool breaks every one in it.
            results.append(
                await self._one_by_one(chunk) if chunk_results is None else chunk_results
            )
        return list(chain.from_iterable(results))

    def close(self) -> None:
        """Kill the processes, whatever they are doing."""
        self._kill(self._executor)

    async def _try_chunk(self, chunk: Sequence[bytes | None]) -> list[EnrichmentResult] | None:
        """The results, or None where a process died or hung."""
        async with self._free:
            executor = self._executor
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    results = await self._run(partial(_each, self._models.work, tuple(chunk)))
            except (BrokenProcessPool, TimeoutError) as error:
                cause = repr(error)
                logger.warning(
                    "A model process died or hung; it is replaced.", extra={"cause": cause}
                )
                self._replace(executor)
                # Progress all the same: a batch of articles that all hang ends as dead letters.
                self._beat()
                return None
        self._beat()
        return results

    async def _one_by_one(self, chunk: Sequence[bytes | None]) -> list[EnrichmentResult]:
        results: list[EnrichmentResult] = []
        for value in chunk:
            violation = ContractViolation("model_failed", "the models died or hung over it")
            results += await self._try_chunk([value]) or [violation]
        return results

    async def _run(self, call: Callable[[], T]) -> T:
        # Submitting is what spawns the processes.
        with _interrupt_blocked():
            answer = asyncio.get_running_loop().run_in_executor(self._executor, call)
        return await answer

    def _new_executor(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes,
            mp_context=self._context,
            initializer=_initialize,
            initargs=(self._models.load,),
        )

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        # Several chunks may report the same broken pool; the first one replaces it.
        if broken is self._executor:
            self._kill(broken)
            self._executor = self._new_executor()

    @staticmethod
    def _kill(executor: ProcessPoolExecutor) -> None:
        executor.shutdown(wait=False, cancel_futures=True)
        # A hung process does not react to a shutdown. We start no other children than these.
        for child in multiprocessing.active_children():
            child.kill()


@contextmanager
def _interrupt_blocked() -> Iterator[None]:
    """Block SIGINT in this thread, and for life in the processes that it spawns meanwhile.

    A terminal's Ctrl-C goes to children too, and they must leave it to their parent, also while
    they are being spawned: the mask is inherited. (Python's resource tracker unblocks the signal
    when it starts; the queues of an executor have started it before.)
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _initialize(load: Callable[[], None]) -> None:
    """Prepare a process: it ends with its parent, however that ends, and loads the models."""
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    load()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> bool:
    return True


def _each(work: Work, values: Sequence[bytes | None]) -> list[EnrichmentResult]:
    results: list[EnrichmentResult] = []
    for value in values:
        try:
            results.append(work(value))
        except ContractViolation as violation:
            results.append(violation)
    return results


def _chunks(values: Sequence[bytes | None]) -> list[list[bytes | None]]:
    chunks: list[list[bytes | None]] = []
    size = 0
    for value in values:
        length = len(value or b"")
        if not chunks or len(chunks[-1]) >= CHUNK_RECORDS or size + length > CHUNK_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(value)
        size += length
    return chunks
