"""Which dead letters there are, how they are listed and grouped, and one of them whole."""

import heapq
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from services.cli.dead_letters import render as autopsy
from services.cli.dead_letters.reader import Buried, Exhumed, exhume, letters, newest, stretches
from services.cli.dead_letters.replay_log import History, history
from services.cli.support.clients import reaching_kafka
from services.cli.support.errors import Code, Ended
from services.cli.support.output import output, say, show_json, words
from services.cli.support.target import Target
from services.contracts.dead_letters import DeadLetterRef, replayed_topic
from services.runtime.kafka.lag import OffsetReader, offset_reader

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sought:
    """What of the dead letters a person wants to see.

    :param suffix: of the names of their topics.
    :param reasons: codes; none of them is all of them.
    :param still_open: only those that were not replayed.
    """

    suffix: str = ""
    reasons: frozenset[str] = frozenset()
    still_open: bool = False

    def wants(self, buried: Buried, replayed: History) -> bool:
        """Whether a letter of these topics is one of them."""
        return (not self.reasons or buried.letter.code in self.reasons) and not (
            self.still_open and replayed.replayed_ms(buried) is not None
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """How many dead letters each topic has (None: no such topic), and the newest ones."""

    counts: dict[str, int | None]
    letters: list[Buried]
    replayed: History

    def to_json(self) -> dict[str, Any]:
        """What ``newsline dead --json`` prints."""
        return {
            "counts": self.counts,
            "letters": [
                buried.to_json() | {"replayed": when(self.replayed, buried)}
                for buried in self.letters
            ],
        }


@dataclass(frozen=True, slots=True)
class Grouped:
    """How many letters there are, and how many of them are open, by topic and reason."""

    counts: dict[str, int | None]
    total: Counter[tuple[str, str]]
    still_open: Counter[tuple[str, str]]

    def rows(self) -> Iterator[tuple[str, str, int, int]]:
        """Topic, reason, letters, open ones; by topic, the most frequent reason first."""
        order = list(self.counts)
        for (topic, code), count in sorted(
            self.total.items(), key=lambda each: (order.index(each[0][0]), -each[1], each[0][1])
        ):
            yield topic, code, count, self.still_open[topic, code]

    def to_json(self) -> dict[str, Any]:
        """What ``newsline dead --by-reason --json`` prints."""
        names = ("topic", "code", "letters", "open")
        reasons = [dict(zip(names, row, strict=True)) for row in self.rows()]
        return {"counts": self.counts, "reasons": reasons}


async def listed(target: Target, sought: Sought, limit: int) -> Listed:
    """The newest of these dead letters.

    :raises Ended: Kafka cannot be reached.
    """
    topics = [topic for topic in target.flow if topic.name.endswith(sought.suffix)]
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            counts = await offsets.dead_letters(topics)
            replayed = await history(offsets, replayed_topic(target.namespace))
            if not (sought.reasons or sought.still_open):
                found = await newest(offsets, topics, limit, READ_SECONDS)
                return Listed(counts, found, replayed)
            kept: list[Buried] = []
            async for buried, _ in letters(offsets, await stretches(offsets, topics)):
                if sought.wants(buried, replayed):
                    (heapq.heappush if len(kept) < limit else heapq.heappushpop)(kept, buried)
            return Listed(counts, sorted(kept, reverse=True), replayed)


async def grouped(target: Target, sought: Sought) -> Grouped:
    """How many of these dead letters there are.

    :raises Ended: Kafka cannot be reached.
    """
    topics = [topic for topic in target.flow if topic.name.endswith(sought.suffix)]
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            found = Grouped(await offsets.dead_letters(topics), Counter(), Counter())
            replayed = await history(offsets, replayed_topic(target.namespace))
            async for buried, _ in letters(offsets, await stretches(offsets, topics)):
                if sought.wants(buried, replayed):
                    group = (buried.home, buried.letter.code)
                    found.total[group] += 1
                    found.still_open[group] += replayed.replayed_ms(buried) is None
            return found


async def one(target: Target, place: DeadLetterRef) -> tuple[Exhumed, str | None]:
    """A dead letter whole, and when it was replayed.

    :raises Ended: Kafka cannot be reached, or no dead letter lies there.
    """
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            return await exhumed(offsets, target, place)


async def exhumed(
    offsets: OffsetReader, target: Target, place: DeadLetterRef
) -> tuple[Exhumed, str | None]:
    """The same, of a broker that is connected."""
    there = await stretches(offsets, target.flow)
    found = [letter async for letter in exhume(offsets, there, [place])]
    if not found:
        raise Ended(f"there is no dead letter {place}", Code.REFUSED)
    replayed = await history(offsets, replayed_topic(target.namespace))
    return found[0], when(replayed, found[0].buried)


def when(replayed: History, buried: Buried) -> str | None:
    """When a letter was last replayed, in UTC."""
    return autopsy.moment(replayed.replayed_ms(buried))


def tell(found: Listed, *, json_output: bool) -> None:
    """Print a table or JSON."""
    if json_output:
        show_json(found.to_json())
        return
    if not found.letters:
        say("There are no dead letters.")
        return
    headings = ("time", "service", "dead letter", "attempt", "bytes", "replayed", "reason")
    table = Table(*headings, box=None)
    for buried in found.letters:
        letter = buried.letter
        replayed = "no" if found.replayed.replayed_ms(buried) is None else "yes"
        cells = (letter.time, letter.service, buried.place, letter.attempt, buried.size_bytes)
        table.add_row(*map(words, (*cells, replayed, letter.reason)))
    console = output()
    console.print(table)
    total = sum(count or 0 for count in found.counts.values())
    console.print(
        words(
            f"{total} dead letters, {len(found.letters)} shown. `newsline dead --show` shows one "
            "whole, `newsline replay` sends them back."
        )
    )


def tell_groups(found: Grouped, *, json_output: bool) -> None:
    """Print a table or JSON."""
    if json_output:
        show_json(found.to_json())
        return
    if not found.total:
        say("There are no dead letters.")
        return
    table = Table("topic", "reason", box=None)
    table.add_column("dead letters", justify="right")
    table.add_column("not replayed", justify="right")
    for topic, code, count, still_open in found.rows():
        table.add_row(words(topic), words(code), f"{count:,}", f"{still_open:,}")
    output().print(table)


def tell_one(letter: Exhumed, replayed: str | None, *, json_output: bool, raw: bool) -> None:
    """Print a letter whole, or nothing but its bytes."""
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
        sys.stdout.buffer.flush()
    elif json_output:
        show_json(autopsy.to_json(letter) | {"replayed": replayed})
    else:
        autopsy.show(letter, replayed)
