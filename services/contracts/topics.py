"""The topics, their consumer groups, and the size limits that must agree along the flow."""

from dataclasses import dataclass

from services.contracts.errors import ContractViolation

MIB = 1024 * 1024

# The largest record that the broker takes. An article over the limit of articles is refused by
# ingest, as a dead letter that names the limit, so the broker must take larger records than that.
MAX_RECORD_BYTES = 4 * MIB

# Headers and framing of a record, on top of its value.
ENVELOPE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the flow and the consumer group that reads it.

    :param max_message_bytes: of a whole record; its dead-letter topic takes as much and headers.
    """

    name: str
    group: str
    max_message_bytes: int

    @property
    def dead(self) -> str:
        """The topic of this topic's dead letters."""
        return f"{self.name}.dead"

    def within(self, namespace: str) -> "Topic":
        """The same topic of another deployment on the same broker; "" is the default one."""
        if not namespace:
            return self
        return Topic(
            f"{namespace}.{self.name}", f"{namespace}.{self.group}", self.max_message_bytes
        )

    def consumer_group(self, generation: int) -> str:
        """The group that reads the topic from its start for another generation of what it fills."""
        return self.group if generation == 1 else f"{self.group}-g{generation}"

    def refuse_oversize(self, value: bytes) -> None:
        """Stop a value that the broker would refuse: there it would block all behind it.

        :raises ContractViolation: names both sizes.
        """
        limit = self.max_message_bytes - ENVELOPE_BYTES
        if len(value) > limit:
            raise ContractViolation(
                "too_large", f"{len(value)} bytes for {self.name}, which takes {limit}"
            )

    def configs(self, *, retention_ms: int) -> dict[str, str]:
        """Broker settings of the topic."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
            # Our clock-independent arrival time: it orders versions.
            "message.timestamp.type": "LogAppendTime",
        }

    def dead_configs(self, *, retention_ms: int) -> dict[str, str]:
        """Broker settings of the dead-letter topic: room for the original and our headers."""
        limit = str(self.max_message_bytes + ENVELOPE_BYTES)
        return self.configs(retention_ms=retention_ms) | {"max.message.bytes": limit}


RAW = Topic("articles.raw", "newsline-ingest", MAX_RECORD_BYTES + ENVELOPE_BYTES)
# JSON escapes and Unicode normalisation can make a record larger than the raw one was.
ACCEPTED = Topic("articles.accepted", "newsline-enrich", MAX_RECORD_BYTES + ENVELOPE_BYTES)
ENRICHED = Topic("articles.enriched", "newsline-index", 2 * MAX_RECORD_BYTES)

FLOW = (RAW, ACCEPTED, ENRICHED)

# Kept as far as they exist: these headers of a raw record travel along to the index.
CARRIED_HEADERS = ("traceparent", "tracestate")
