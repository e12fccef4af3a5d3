"""Plan a replay: which dead letters go, decided before anything is sent."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from services.cli.dead_letters.reader import DeadLetterEntry, fetch, offset_ranges, read_entries
from services.cli.dead_letters.replay_log import read_replay_log
from services.cli.replay.selection import ReplayFilter, ReplaySelection
from services.cli.support.clients import reaching_kafka
from services.cli.support.errors import CommandError, ExitCode
from services.cli.support.target import Target
from services.contracts.dead_letters import DeadLetterRef
from services.contracts.replay_marks import replayed_topic
from services.runtime.kafka.lag import OffsetRange, OffsetReader, offset_reader


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """The selection, and the offsets of the dead-letter topics when it was made.

    :param edited: new bytes of some of the dead letters.
    """

    selection: ReplaySelection
    ranges: Mapping[TopicPartition, OffsetRange]
    edited: Mapping[DeadLetterRef, bytes] = field(default_factory=dict)


async def make_plan(target: Target, suffix: str, wanted: ReplayFilter) -> ReplayPlan:
    """Select among the dead letters that there are now, oldest first, topic after topic.

    Records that fail while the replay runs are not part of it, so that it always ends.

    :param suffix: of the names of the source topics.
    :raises CommandError: Kafka cannot be reached, or a named dead letter does not exist.
    """
    selection = ReplaySelection(wanted)
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as kafka:
            ranges = await offset_ranges(kafka, target.flow)
            log = await read_replay_log(kafka, replayed_topic(target.namespace))
            for topic in target.flow:
                if topic.name.endswith(suffix):
                    of_topic = {p: span for p, span in ranges.items() if p.topic == topic.dead}
                    async for entry in _candidates(kafka, of_topic, wanted):
                        selection.consider(entry, log.replayed_ms(entry))
    if selection.missing:
        named = ", ".join(map(str, selection.missing))
        raise CommandError(f"there is no dead letter {named}; nothing was sent", ExitCode.REFUSED)
    return ReplayPlan(selection, ranges)


async def _candidates(
    kafka: OffsetReader, ranges: Mapping[TopicPartition, OffsetRange], wanted: ReplayFilter
) -> AsyncIterator[DeadLetterEntry]:
    if wanted.refs is None:
        async for entry, _ in read_entries(kafka, ranges):
            yield entry
    else:
        async for record in fetch(kafka, ranges, wanted.refs):
            yield record.entry
