"""Which dead letters there are, and how they are listed."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from services.console.deployment import Deployment
from services.console.graveyard import Buried, newest
from services.console.offsets import broker
from services.console.reaching import reaching_kafka
from services.console.terminal import output, say, show_json, words

READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Listed:
    """How many dead letters each topic has (None: no such topic), and the newest ones."""

    counts: dict[str, int | None]
    letters: list[Buried]

    def to_json(self) -> dict[str, Any]:
        """What ``newsline dead --json`` prints."""
        return {"counts": self.counts, "letters": [buried.to_json() for buried in self.letters]}


async def listed(here: Deployment, suffix: str, limit: int) -> Listed:
    """The newest dead letters of the topics whose names end so.

    :raises Ended: Kafka cannot be reached.
    """
    topics = [topic for topic in here.flow if topic.name.endswith(suffix)]
    with reaching_kafka(here.kafka):
        async with broker(here.kafka) as offsets:
            counts = await offsets.dead_letters(topics)
            return Listed(counts, await newest(offsets, topics, limit, READ_SECONDS))


def tell(found: Listed, *, json_output: bool) -> None:
    """Print a table or JSON."""
    if json_output:
        show_json(found.to_json())
        return
    if not found.letters:
        say("There are no dead letters.")
        return
    table = Table("time", "service", "dead letter", "attempt", "bytes", "reason", box=None)
    for buried in found.letters:
        letter = buried.letter
        cells = (letter.time, letter.service, buried.place, letter.attempt, buried.size_bytes)
        table.add_row(*map(words, cells), words(letter.reason))
    console = output()
    console.print(table)
    total = sum(count or 0 for count in found.counts.values())
    console.print(words(f"{total} dead letters, {len(found.letters)} shown."))
