"""Settings of the local stack: environment variables and, for tests, overrides in Python."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from services.runtime.settings import PREFIX, Port, Settings

Service = Literal["ingest", "enrich", "index"]
SERVICES: tuple[Service, ...] = get_args(Service)


class StackSettings(Settings):
    """Folders, ports, heap sizes and time limits. A port of 0 means: any free one."""

    home: Path = Path(".newsline")
    # None: newsline/ in the person's own cache folder, shared by all their stacks.
    cache: Path | None = None
    free_ports: bool = False
    kafka_port: Port = 9092
    kafka_controller_port: Port = 9093
    elasticsearch_port: Port = 9200
    elasticsearch_transport_port: Port = 9300
    ingest_health_port: Port = 8081
    enrich_health_port: Port = 8082
    index_health_port: Port = 8083
    # Under these the servers start, but die of their first large request.
    kafka_heap_mb: int = Field(default=512, ge=128, le=65536)
    elasticsearch_heap_mb: int = Field(default=1024, ge=256, le=65536)
    # For each server and each worker to answer.
    start_seconds: float = Field(default=60, gt=0, le=3600)
    # For everything together to end by itself; a worker alone may drain for 20 s.
    stop_seconds: float = Field(default=45, gt=0, le=3600)

    @property
    def home_path(self) -> Path:
        """The stack's folder, wherever the working folder is."""
        return self.home.expanduser().absolute()


# Workers inherit the environment but have no business with the stack's own variables.
ENVIRONMENT_NAMES: tuple[str, ...] = tuple(
    PREFIX + name.upper() for name in StackSettings.model_fields
)


def worker_module(service: Service) -> Sequence[str]:
    """Return the command that runs a worker in the foreground."""
    return (sys.executable, "-m", f"services.{service}")


@dataclass(frozen=True, slots=True)
class Overrides:
    """Overrides that only Python can set: for tests of faults, and stubs of workers.

    Properties and settings are laid over ``resources``; a value of None takes a line out.
    """

    kafka_properties: Mapping[str, str | None] = field(default_factory=dict)
    kafka_jvm_options: Sequence[str] = ()
    elasticsearch_settings: Mapping[str, object] = field(default_factory=dict)
    elasticsearch_jvm_options: Sequence[str] = ()
    worker_command: Callable[[Service], Sequence[str]] = worker_module
    worker_environment: Mapping[str, str] = field(default_factory=dict)
