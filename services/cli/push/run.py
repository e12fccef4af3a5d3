"""Push everything that was asked for, tell how it goes, and wait for the pipeline if asked."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.cli.push import sources
from services.cli.push.formats import STDIN, Format
from services.cli.push.sender import ANSWER_SECONDS, Sender, Tally
from services.cli.push.splitters import Refusal
from services.cli.support.clients import connected, reaching_kafka
from services.cli.support.errors import CommandError, ExitCode
from services.cli.support.lag import broker
from services.cli.support.output import messages, on_one_line, print_json, print_message
from services.cli.support.target import Target
from services.runtime.kafka.clients import producer
from services.runtime.kafka.topics import topic_names

POLL_SECONDS = 0.25


class Watch:
    """Shows a push as it goes: a bar on a terminal, and every refusal."""

    def __init__(self, tally: Tally, arguments: Sequence[Path]) -> None:
        console = messages()
        # A bar would run over what its user is typing.
        typing = STDIN in arguments and sys.stdin is not None and sys.stdin.isatty()
        shown = console.is_terminal and not typing
        self._tally = tally
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not shown,
        )
        self._task = self._bars.add_task(
            "Pushing", total=sources.total_bytes(arguments) if shown else None
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def advance(self, size: int) -> None:
        """So many bytes more were read."""
        told = f"Pushing, {self._tally.pushed} acknowledged"
        self._bars.update(self._task, advance=size, description=told)

    def refuse(self, refusal: Refusal) -> None:
        """Say which record was not pushed, and why."""
        line = f"refused: {on_one_line(refusal.place)}: {on_one_line(refusal.reason)}"
        self._bars.console.print(line, soft_wrap=True)


async def push(
    target: Target,
    arguments: Sequence[Path],
    form: Format = Format.AUTO,
    *,
    answer_seconds: float = ANSWER_SECONDS,
) -> Tally:
    """Send every record of the arguments, and return when each was acknowledged or refused.

    :raises CommandError: Kafka cannot be reached, does not answer in time, or lacks the topic.
    """
    tally = Tally()
    try:
        with reaching_kafka(target.kafka), Watch(tally, arguments) as watch:
            await _refuse_missing_topic(target)
            async with connected(producer(target.kafka)) as client:
                sender = Sender(
                    client, target.raw.name, tally, watch.refuse, answer_seconds=answer_seconds
                )
                async for read in sources.read(arguments, form):
                    for piece in read.pieces:
                        await sender.send(piece)
                    watch.advance(read.size)
                await sender.settle()
    except CommandError as ended:
        if not tally.pushed:
            raise
        # An article has one id however often it comes, so the way on is simple.
        raise CommandError(
            f"{ended}\n{tally.pushed} records had been acknowledged; it is safe to push "
            "everything again",
            ended.code,
        ) from ended
    tally.stop_clock()
    return tally


async def wait_until_done(target: Target, seconds: float) -> None:
    """Return when no topic has records that its group has yet to finish.

    :raises CommandError: that took longer; the message says what is left.
    """
    deadline = time.monotonic() + seconds
    with reaching_kafka(target.kafka):
        async with broker(target.kafka) as offsets:
            while any((lag := await offsets.lag(target.flow)).values()):
                if time.monotonic() > deadline:
                    left = ", ".join(f"{count} on {name}" for name, count in lag.items() if count)
                    raise CommandError(
                        f"after {seconds:g} s the pipeline has records left: {left}; "
                        "`newsline status` tells whether the workers run",
                        ExitCode.UNREACHABLE,
                    )
                await asyncio.sleep(POLL_SECONDS)


def tell(tally: Tally, *, json_output: bool) -> None:
    """The counts: as JSON on standard output, or in a line."""
    if json_output:
        print_json(tally.to_json())
        return
    refused = f", {tally.refused} refused" if tally.refused else ""
    print_message(
        f"Pushed {tally.pushed} {'record' if tally.pushed == 1 else 'records'}{refused}: "
        f"{decimal(tally.sent_bytes)} in {tally.seconds:.1f} s, {tally.per_second:.0f} a second."
    )


async def _refuse_missing_topic(target: Target) -> None:
    # The producer would wait for the topic, or a broker that makes topics by itself would make it
    # with the wrong settings.
    async with asyncio.timeout(15):
        names = await topic_names(target.kafka)
    if target.raw.name not in names:
        raise CommandError(
            f"Kafka at {target.kafka.bootstrap_servers} has no topic {target.raw.name}; "
            "`newsline setup` makes it",
            ExitCode.WRONG_USE,
        )
