"""Push records, and follow them through the pipeline if asked."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from aiokafka import TopicPartition

from services.cli.push import lookup, render, sources
from services.cli.push.formats import Format
from services.cli.push.outcome import PushOutcome, Receipt, decide_outcome
from services.cli.push.progress import PushProgress, wait_progress
from services.cli.push.sender import ANSWER_SECONDS, Acknowledged, PushSummary, RecordSender
from services.cli.push.wait import WaitLimits, describe_lag, wait_until_passed
from services.cli.support.clients import reaching_kafka, refuse_missing_topics, searching
from services.cli.support.errors import CommandError, ExitCode, run
from services.cli.support.output import print_json, print_message
from services.cli.support.target import Target, read_target
from services.runtime.kafka.clients import bounded_connection, producer
from services.runtime.kafka.lag import offset_reader


def run_push(
    arguments: Sequence[Path],
    form: Format,
    *,
    wait: bool,
    timeout: float | None,
    json_output: bool,
) -> ExitCode:
    """Push, follow the records if asked, print what there is to say, and return the exit code.

    :raises CommandError: a server cannot be reached, or has no such topic or index.
    """
    target = read_target()
    render.print_skipped(sources.count_skipped(arguments))
    outcome: PushOutcome | None = None
    summary = PushSummary()

    def keep(pushed: PushSummary) -> None:
        nonlocal summary
        summary = pushed
        if not json_output:
            render.print_summary(summary)

    try:
        if wait:
            outcome = run(push_and_follow(target, arguments, form, timeout, keep))
        else:
            keep(run(push(target, arguments, form)))
    finally:
        # Also when a server went away after the push: what was acknowledged is acknowledged.
        if json_output and summary.seconds:
            told = {"outcome": outcome.to_json() if outcome else None} if wait else {}
            print_json(summary.to_json() | told)
    if outcome is not None and not json_output:
        render.print_outcome(outcome)
    return exit_code(summary, outcome)


def exit_code(summary: PushSummary, outcome: PushOutcome | None) -> ExitCode:
    """Return the exit code: that the time was over comes first, as the counts are not final."""
    if outcome is not None and not outcome.finished:
        return ExitCode.UNFINISHED
    if summary.refused or (outcome is not None and outcome.dead.count):
        return ExitCode.REFUSED
    if outcome is not None and outcome.unknown.count:
        return ExitCode.UNFINISHED
    return ExitCode.DONE


async def push(
    target: Target,
    arguments: Sequence[Path],
    form: Format = Format.AUTO,
    *,
    on_acknowledged: Acknowledged | None = None,
    answer_seconds: float = ANSWER_SECONDS,
) -> PushSummary:
    """Send every record of the arguments, and return when each was acknowledged or refused.

    :raises CommandError: Kafka cannot be reached, does not answer in time, or has no such topic.
    """
    summary = PushSummary()
    try:
        with reaching_kafka(target.kafka), PushProgress(summary, arguments) as progress:
            await refuse_missing_topics(target, [target.raw.name])
            async with bounded_connection(producer(target.kafka)) as client:
                sender = RecordSender(
                    client,
                    target.raw.name,
                    summary,
                    progress.print_refusal,
                    on_acknowledged=on_acknowledged,
                    answer_seconds=answer_seconds,
                )
                async for chunk in sources.read_sources(arguments, form):
                    for record in chunk.records:
                        await sender.send(record)
                    progress.advance(chunk.size)
                await sender.drain()
    except CommandError as ended:
        if not summary.pushed:
            raise
        # An article has one id however often it comes, so the way on is simple.
        raise CommandError(
            f"{ended}\n{summary.pushed} records had been acknowledged; it is safe to push "
            "everything again",
            ended.code,
        ) from ended
    summary.stop_clock()
    return summary


async def push_and_follow(
    target: Target,
    arguments: Sequence[Path],
    form: Format,
    timeout: float | None,  # noqa: ASYNC109 - what is over then is told, not raised
    on_pushed: Callable[[PushSummary], None],
) -> PushOutcome:
    """Push, wait until the records have passed all workers, and find what became of each.

    :param on_pushed: called when every record was acknowledged or refused.
    :raises CommandError: a server cannot be reached, or has no such topic or index.
    """
    receipts: list[Receipt] = []
    with reaching_kafka(target.kafka):
        async with offset_reader(target.kafka) as offsets:
            since = await lookup.dead_letter_ends(offsets, target)
            on_pushed(
                await push(
                    target,
                    arguments,
                    form,
                    on_acknowledged=lambda *each: receipts.append(Receipt.of(*each)),
                )
            )
            limits = WaitLimits.of(timeout, len(receipts))
            began = time.monotonic()
            with wait_progress(len(receipts), len(target.flow)) as report:
                ends = _ends_of(target, receipts)
                finished = await wait_until_passed(offsets, target.flow, ends, limits, report)
            lag = "" if finished else await describe_lag(offsets, target, time.monotonic() - began)
            dead_letters = await lookup.find_dead_letters(offsets, target, since, receipts)
    ids = list({receipt.article_id for receipt in receipts if receipt.article_id})
    async with searching(target.elasticsearch) as client:
        versions = await lookup.find_stored_versions(client, target, ids)
    outcome = decide_outcome(receipts, dead_letters, versions, finished=finished)
    if not outcome.finished:
        print_message(lag)
    return outcome


def _ends_of(target: Target, receipts: Sequence[Receipt]) -> dict[TopicPartition, int]:
    """The offset after the last of these records, of each partition."""
    ends: dict[TopicPartition, int] = {}
    for receipt in receipts:
        partition = TopicPartition(target.raw.name, receipt.partition)
        ends[partition] = max(ends.get(partition, 0), receipt.offset + 1)
    return ends
