"""Real servers for tests, which end with them whatever happens."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.local.settings import Overrides, StackSettings
from services.local.stack import LocalStack

# Half the processor time of a start; peak throughput is no test's business.
QUICK = ("-XX:TieredStopAtLevel=1",)


# Reads until the tests' process ends in whatever way (a timeout's _exit and `kill -9` run no
# teardown), then takes the stack down. It imports last, as most guards have nothing to do.
GUARD = """
import sys
sys.stdin.read()
from pathlib import Path
from services.local.settings import StackSettings
from services.local.stack import LocalStack
LocalStack(StackSettings(home=Path(sys.argv[1]))).down(wipe=True)
"""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """Servers that answer, on free ports; no workers, no topics, no indices."""

    local: LocalStack
    bootstrap_servers: str
    elasticsearch_url: str


def small_stack(home: Path, overrides: Overrides | None = None) -> LocalStack:
    """A stack of its own on free ports, with small heaps, not yet started."""
    settings = StackSettings(
        home=home, free_ports=True, kafka_heap_mb=384, elasticsearch_heap_mb=640, start_seconds=180
    )
    quick = Overrides(kafka_jvm_options=QUICK, elasticsearch_jvm_options=QUICK)
    return LocalStack(settings, overrides or quick)


@contextmanager
def taken_down(local: LocalStack) -> Iterator[LocalStack]:
    """A stack that ends with the block, or with this process if that comes first."""
    command = [sys.executable, "-c", GUARD, str(local.home.path)]
    with subprocess.Popen(  # noqa: S603 (our own command, no shell)
        command, stdin=subprocess.PIPE, start_new_session=True
    ) as guard:
        try:
            yield local
        finally:
            local.down(wipe=True)
            guard.kill()
