"""Carry out a replay: send what was planned, and see what the workers make of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from services.cli.dead_letters.reader import DeadLetterRecord, fetch
from services.cli.replay import outcome
from services.cli.replay.outcome import ReplayResult
from services.cli.replay.plan import ReplayPlan
from services.cli.replay.producer import ReplayProducer, ReplayProgress
from services.cli.support.clients import reaching_kafka, refuse_missing_topics
from services.cli.support.errors import CommandError
from services.cli.support.output import print_message
from services.cli.support.target import Target
from services.contracts.replay_marks import replayed_topic
from services.runtime.kafka.clients import bounded_connection, producer
from services.runtime.kafka.lag import OffsetReader, offset_reader


async def carry_out(target: Target, plan: ReplayPlan, wait_seconds: float | None) -> ReplayResult:
    """Send what was planned; return when all of it is acknowledged and marked.

    :param wait_seconds: wait so long for the workers, and see what they made of it.
    :raises CommandError: Kafka cannot be reached or lacks a topic; the message says what was sent.
    """
    result = ReplayResult()
    try:
        with reaching_kafka(target.kafka):
            marks_topic = replayed_topic(target.namespace)
            await refuse_missing_topics(target, [*plan.selection.by_topic(), marks_topic])
            async with offset_reader(target.kafka) as kafka:
                async with bounded_connection(producer(target.kafka)) as client:
                    sender = ReplayProducer(client, marks_topic, result.progress)
                    await sender.send_all(_planned_records(kafka, plan))
                if wait_seconds is not None and result.progress.sent:
                    await _follow(target, kafka, plan, result, wait_seconds)
    except asyncio.CancelledError:
        print_message(_sent_so_far(result.progress))
        raise
    except CommandError as error:
        raise CommandError(f"{error}\n{_sent_so_far(result.progress)}", error.code) from error
    return result


async def _planned_records(
    kafka: OffsetReader, plan: ReplayPlan
) -> AsyncIterator[DeadLetterRecord]:
    async for record in fetch(kafka, plan.ranges, plan.selection.refs):
        edited = plan.edited.get(record.entry.ref)
        yield record if edited is None else replace(record, value=edited)


async def _follow(
    target: Target, kafka: OffsetReader, plan: ReplayPlan, result: ReplayResult, wait_seconds: float
) -> None:
    # Topics before the first that was written have no replayed records to wait for.
    written = plan.selection.by_topic()
    first = min(n for n, topic in enumerate(target.flow) if topic.name in written)
    flow = target.flow[first:]
    print_message("Waiting until the workers have processed what was replayed…")
    result.waited = True
    result.unfinished_topic = await outcome.wait_for_workers(kafka, flow, wait_seconds)
    result.failed_again = await outcome.find_failed_again(
        kafka, flow, plan.ranges, result.progress.sent
    )


def _sent_so_far(progress: ReplayProgress) -> str:
    # A record that goes twice is the same version of the same article.
    return (
        f"{len(progress.sent)} dead letters had been replayed; the same command goes on with the "
        "rest, and may send the last few again, which does no harm"
    )
