"""Replay marks: which dead letters were replayed, recorded in a compacted topic."""

from typing import NamedTuple, Self

from services.contracts.dead_letters import parse_number

REPLAYED = "articles.replayed"
# Compaction alone keeps marks for ever: a dead letter that outlived its mark would go again.
REPLAYED_CONFIGS = {
    "cleanup.policy": "compact",
    # A mark covers dead letters that are older than it, by the broker's clock: see ``ReplayMark``.
    "message.timestamp.type": "LogAppendTime",
}


def replayed_topic(namespace: str) -> str:
    """Name of the topic that holds a deployment's replay marks."""
    return f"{namespace}.{REPLAYED}" if namespace else REPLAYED


class ReplayMark(NamedTuple):
    """Key of a mark: the offsets ``first`` to ``last`` (inclusive) of a partition were replayed.

    A mark covers only dead letters that are older than its record: where a topic was deleted and
    created again, offsets count from 0 again and belong to other dead letters.
    """

    topic: str
    partition: int
    first: int
    last: int

    def key(self) -> bytes:
        """Key of its record: ``articles.raw.dead/0/17-19``."""
        return f"{self.topic}/{self.partition}/{self.first}-{self.last}".encode()

    @classmethod
    def parse(cls, key: bytes) -> Self:
        """Parse the key of a record.

        :raises ValueError: the key is not that of a mark.
        """
        topic, partition, offsets = key.decode().rsplit("/", 2)
        first, _, last = offsets.partition("-")
        return cls(topic, parse_number(partition), parse_number(first), parse_number(last))
