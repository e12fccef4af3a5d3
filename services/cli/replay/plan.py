"""Replay dead letters: choose them, send them back, and see what becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from aiokafka import TopicPartition

from services.cli.dead_letters.reader import Exhumed, exhume, letters, stretches
from services.cli.dead_letters.replay_log import history
from services.cli.dead_letters.summary import exhumed
from services.cli.replay import outcome as following
from services.cli.replay.producer import Resender, Sent
from services.cli.replay.selection import Choice, Wish
from services.cli.support.clients import reaching_kafka
from services.cli.support.errors import Code, Ended
from services.cli.support.output import say
from services.cli.support.target import Target
from services.cli.support.topic_reader import Stretch
from services.contracts.dead_letters import DeadLetterRef, replayed_topic
from services.runtime.kafka.clients import bounded_connection, producer
from services.runtime.kafka.lag import OffsetReader, offset_reader
from services.runtime.kafka.topics import topic_names

TOPICS_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to go, and what lay in the dead letters when that was decided.

    :param edited: other bytes for some of the letters.
    """

    choice: Choice
    lay: Mapping[TopicPartition, Stretch]
    edited: Mapping[DeadLetterRef, bytes] = field(default_factory=dict)

    @property
    def homes(self) -> set[str]:
        """The topics that the letters go to."""
        return {buried.home for buried in self.choice.taken}

    @property
    def places(self) -> list[DeadLetterRef]:
        """Where the letters lie that go."""
        return [buried.place for buried in self.choice.taken]


@dataclass(slots=True)
class Fate:
    """What became of a replay.

    :param late: the topic on which the workers still were when the time was over.
    """

    sent: Sent = field(default_factory=Sent)
    waited: bool = False
    late: str | None = None
    dead_again: list[following.DeadAgain] = field(default_factory=list)


async def plan(target: Target, suffix: str, wish: Wish) -> Plan:
    """Choose among the letters that lie there now, oldest first, topic after topic.

    What dies while the replay runs is not part of it, so that a replay always ends.

    :raises Ended: Kafka cannot be reached, or a letter that was named is not there.
    """
    choice = Choice(wish)
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            lay = await stretches(offsets, target.flow)
            replayed = await history(offsets, replayed_topic(target.namespace))
            for topic in target.flow:
                if topic.name.endswith(suffix):
                    within = {p: stretch for p, stretch in lay.items() if p.topic == topic.dead}
                    if wish.places is not None:
                        async for letter in exhume(offsets, within, wish.places):
                            choice.consider(letter.buried, replayed.replayed_ms(letter.buried))
                        continue
                    async for buried, _ in letters(offsets, within):
                        choice.consider(buried, replayed.replayed_ms(buried))
    if choice.missing:
        named = ", ".join(map(str, choice.missing))
        raise Ended(f"there is no dead letter {named}; nothing was sent", Code.REFUSED)
    return Plan(choice, lay)


async def bytes_of(target: Target, place: DeadLetterRef) -> bytes:
    """The original bytes of a letter.

    :raises Ended: Kafka cannot be reached, or no dead letter lies there.
    """
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            letter, _ = await exhumed(offsets, target, place)
            return letter.value or b""


async def carry_out(target: Target, planned: Plan, wait_seconds: float | None) -> Fate:
    """Send what was planned; return when all of it is acknowledged and written down.

    :param wait_seconds: wait so long for the workers, and see what they made of it.
    :raises Ended: Kafka cannot be reached or lacks a topic; the message says what had gone.
    """
    fate = Fate()
    try:
        with reaching_kafka(target.kafka):
            await _refuse_missing_topics(target, planned)
            async with offset_reader(target.kafka) as offsets:
                await _send(target, offsets, planned, fate.sent)
                if wait_seconds is not None and fate.sent.places:
                    await _follow(target, offsets, planned, fate, wait_seconds)
    except asyncio.CancelledError:
        say(_progress(fate.sent))
        raise
    except Ended as ended:
        raise Ended(f"{ended}\n{_progress(fate.sent)}", ended.code) from ended
    return fate


async def _send(target: Target, offsets: OffsetReader, planned: Plan, sent: Sent) -> None:
    async with bounded_connection(producer(target.kafka)) as client:
        resender = Resender(client, replayed_topic(target.namespace), sent)
        await resender.send_all(_edited(offsets, planned))


async def _edited(offsets: OffsetReader, planned: Plan) -> AsyncIterator[Exhumed]:
    async for letter in exhume(offsets, planned.lay, planned.places):
        edited = planned.edited.get(letter.buried.place)
        yield letter if edited is None else replace(letter, value=edited)


async def _follow(
    target: Target, offsets: OffsetReader, planned: Plan, fate: Fate, wait_seconds: float
) -> None:
    # Topics before the first that was written have nothing of ours to wait for.
    first = min(n for n, topic in enumerate(target.flow) if topic.name in planned.homes)
    flow = target.flow[first:]
    say("Waiting until the workers are past what was replayed…")
    fate.waited = True
    fate.late = await following.passed(offsets, flow, wait_seconds)
    fate.dead_again = await following.dead_again(offsets, flow, planned.lay, fate.sent.places)


async def _refuse_missing_topics(target: Target, planned: Plan) -> None:
    # The producer would wait for the topic, or a broker that makes topics by itself would make it
    # with the wrong settings.
    async with asyncio.timeout(TOPICS_SECONDS):
        there = await topic_names(target.kafka)
    missing = (planned.homes | {replayed_topic(target.namespace)}) - there
    if missing:
        raise Ended(
            f"Kafka at {target.kafka.bootstrap_servers} has no topic {', '.join(sorted(missing))}; "
            "`newsline setup` makes it",
            Code.WRONG_USE,
        )


def _progress(sent: Sent) -> str:
    # A letter that goes twice is the same version of the same article.
    return (
        f"{len(sent.places)} dead letters had been replayed; the same command goes on with the "
        "rest, and may send the last few again, which does no harm"
    )
