"""The processes of a stack, as its folder remembers them between commands."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

KAFKA = "kafka"
ELASTICSEARCH = "elasticsearch"
HOST = "127.0.0.1"
Condition = Literal["running", "dead", "stale"]


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process that a stack started; ``created`` tells whether its pid is another's by now."""

    name: str
    pid: int
    created: float
    ports: Mapping[str, int]
    log: str


@dataclass(frozen=True, slots=True)
class StackState:
    """Every process that was started and not yet taken down, in the order of starting."""

    processes: Mapping[str, ProcessRecord] = field(default_factory=dict)

    @property
    def bootstrap_servers(self) -> str | None:
        """The address of Kafka; None before it was started."""
        record = self.processes.get(KAFKA)
        return f"{HOST}:{record.ports['kafka']}" if record else None

    @property
    def elasticsearch_url(self) -> str | None:
        """The address of Elasticsearch; None before it was started."""
        record = self.processes.get(ELASTICSEARCH)
        return f"http://{HOST}:{record.ports['elasticsearch']}" if record else None

    def with_process(self, record: ProcessRecord) -> "StackState":
        """Return a copy with this process, in the place of an earlier one of its name."""
        return replace(self, processes={**self.processes, record.name: record})

    def to_json(self) -> dict[str, Any]:
        """Return what ``state.json`` holds; addresses are there for people and other programs."""
        return {
            "version": 1,
            "kafka": {"bootstrap_servers": self.bootstrap_servers},
            "elasticsearch": {"url": self.elasticsearch_url},
            "processes": [asdict(record) for record in self.processes.values()],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "StackState":
        """Read what ``to_json`` has returned.

        :raises KeyError, TypeError, ValueError: it is something else.
        """
        if content["version"] != 1:
            raise ValueError(f"state.json of version {content['version']}")
        records = (ProcessRecord(**entry) for entry in content["processes"])
        return cls({record.name: record for record in records})


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """A process of the stack and its present condition; ``stale``: its pid is another program's."""

    name: str
    pid: int
    condition: Condition
    ports: Mapping[str, int]
    log: str
