"""Summaries of the dead-letter queue: the newest entries, counts by reason, or one whole."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.cli.dead_letters.reader import (
    DeadLetterEntry,
    DeadLetterRecord,
    fetch,
    keep_newest,
    newest_entries,
    offset_ranges,
    read_entries,
)
from services.cli.dead_letters.replay_log import ReplayLog, read_replay_log
from services.cli.support.clients import reaching_kafka
from services.cli.support.errors import CommandError, ExitCode
from services.cli.support.target import Target
from services.contracts.dead_letters import DeadLetterRef
from services.contracts.replay_marks import replayed_topic
from services.contracts.timestamps import format_unix_ms
from services.contracts.topics import Topic
from services.runtime.kafka.lag import OffsetReader, offset_reader

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DeadLetterFilter:
    """Which dead letters to list or count.

    :param suffix: of the names of their source topics.
    :param reasons: error codes; an empty set is any.
    :param only_open: only those that were not replayed.
    """

    suffix: str = ""
    reasons: frozenset[str] = frozenset()
    only_open: bool = False

    def topics(self, target: Target) -> list[Topic]:
        """The source topics that the filter selects."""
        return [topic for topic in target.flow if topic.name.endswith(self.suffix)]

    def matches(self, entry: DeadLetterEntry, log: ReplayLog) -> bool:
        """Whether a dead letter of one of these topics is selected."""
        return (not self.reasons or entry.dead_letter.code in self.reasons) and not (
            self.only_open and log.replayed_ms(entry) is not None
        )


@dataclass(frozen=True, slots=True)
class DeadLetterList:
    """The newest dead letters, and how many each topic has (None: there is no such topic)."""

    counts: dict[str, int | None]
    entries: list[DeadLetterEntry]
    log: ReplayLog

    def to_json(self) -> dict[str, Any]:
        """The list as ``newsline dlq list --json`` prints it."""
        return {
            "counts": self.counts,
            "letters": [
                entry.to_json() | {"replayed": replay_time(self.log, entry)}
                for entry in self.entries
            ],
        }


@dataclass(frozen=True, slots=True)
class ReasonCounts:
    """Dead letters, and open ones among them, by source topic and error code."""

    counts: dict[str, int | None]
    total: Counter[tuple[str, str]]
    still_open: Counter[tuple[str, str]]

    def rows(self) -> Iterator[tuple[str, str, int, int]]:
        """Topic, code, total, open; by topic, the most frequent code first."""
        order = list(self.counts)
        for (topic, code), count in sorted(
            self.total.items(), key=lambda each: (order.index(each[0][0]), -each[1], each[0][1])
        ):
            yield topic, code, count, self.still_open[topic, code]

    def to_json(self) -> dict[str, Any]:
        """The counts as ``newsline dlq list --by-reason --json`` prints them."""
        names = ("topic", "code", "letters", "open")
        reasons = [dict(zip(names, row, strict=True)) for row in self.rows()]
        return {"counts": self.counts, "reasons": reasons}


async def list_newest(target: Target, wanted: DeadLetterFilter, limit: int) -> DeadLetterList:
    """List the newest dead letters that match.

    :raises CommandError: Kafka cannot be reached.
    """
    topics = wanted.topics(target)
    async with _connect(target) as (kafka, log):
        counts = await kafka.dead_letters(topics)
        if not (wanted.reasons or wanted.only_open):
            newest = await newest_entries(kafka, topics, limit, READ_SECONDS)
            return DeadLetterList(counts, newest, log)
        newest = []
        async for entry, _ in read_entries(kafka, await offset_ranges(kafka, topics)):
            if wanted.matches(entry, log):
                keep_newest(newest, entry, limit)
        return DeadLetterList(counts, sorted(newest, reverse=True), log)


async def count_by_reason(target: Target, wanted: DeadLetterFilter) -> ReasonCounts:
    """Count the dead letters that match.

    :raises CommandError: Kafka cannot be reached.
    """
    topics = wanted.topics(target)
    async with _connect(target) as (kafka, log):
        found = ReasonCounts(await kafka.dead_letters(topics), Counter(), Counter())
        async for entry, _ in read_entries(kafka, await offset_ranges(kafka, topics)):
            if wanted.matches(entry, log):
                group = (entry.source_topic, entry.dead_letter.code)
                found.total[group] += 1
                found.still_open[group] += log.replayed_ms(entry) is None
        return found


async def fetch_one(target: Target, ref: DeadLetterRef) -> tuple[DeadLetterRecord, str | None]:
    """Fetch a dead letter whole, and the time of its last replay.

    :raises CommandError: Kafka cannot be reached, or there is no such dead letter.
    """
    async with _connect(target) as (kafka, log):
        ranges = await offset_ranges(kafka, target.flow)
        found = [record async for record in fetch(kafka, ranges, [ref])]
    if not found:
        raise CommandError(f"there is no dead letter {ref}", ExitCode.REFUSED)
    return found[0], replay_time(log, found[0].entry)


def replay_time(log: ReplayLog, entry: DeadLetterEntry) -> str | None:
    """Time of a dead letter's last replay, in UTC; None if it is open."""
    return format_unix_ms(log.replayed_ms(entry))


@asynccontextmanager
async def _connect(target: Target) -> AsyncIterator[tuple[OffsetReader, ReplayLog]]:
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as kafka:
            yield kafka, await read_replay_log(kafka, replayed_topic(target.namespace))
