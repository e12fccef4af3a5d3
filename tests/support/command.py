"""The ``newsline`` command, run by tests."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from services.cli.application import app
from tests.support.stack import RunningStack


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Newsline:
    """The command in one environment."""

    environment: Mapping[str, str]

    async def __call__(self, *arguments: str) -> Ran:
        """Run a command here, which takes a tenth of the time, on a loop of its own."""
        unset = {name: None for name in os.environ if name.startswith("NEWSLINE_")}
        runner, env = CliRunner(), {**unset, **self.environment}
        result = await asyncio.to_thread(runner.invoke, app, arguments, env=env)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    async def process(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """Run a command as people do, with something in its standard input."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NEWSLINE_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**inherited, **self.environment},
        )
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        ran = Ran(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in ran.err, ran.err
        return ran


def environment(stack: RunningStack, namespace: str) -> dict[str, str]:
    return {
        "NEWSLINE_KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "NEWSLINE_ELASTICSEARCH_URL": stack.elasticsearch_url,
        "NEWSLINE_NAMESPACE": namespace,
        "NEWSLINE_TOPIC_PARTITIONS": "2",
        "NEWSLINE_HOME": "/nonexistent/newsline",
    }
