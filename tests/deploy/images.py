"""An image without an engine: its files in a folder, its dependencies in an environment."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError

from services.runtime.settings import PREFIX
from tests.deploy import dockerfile, reading
from tests.support.processes import end_with_parent
from tests.support.stack import RunningStack

INSTALL_SECONDS = 120
READY_SECONDS = 60
OK = 200


@dataclass(slots=True)
class Image:
    """The files that COPY takes for one target, and an environment with its lock file alone."""

    name: str
    folder: Path

    @property
    def app(self) -> Path:
        """The image's WORKDIR."""
        return self.folder / "app"

    @property
    def python(self) -> Path:
        """The image's interpreter."""
        return self.folder / "venv" / "bin" / "python"

    def build(self) -> "Image":
        """Do what the Dockerfile does."""
        dockerfile.assemble(self.name, self.app)
        uv = reading.tool("uv", "uv")
        venv = str(self.folder / "venv")
        lock = str(reading.ROOT / dockerfile.lock(self.name))
        options = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode")
        for command in (
            (uv, "venv", "--quiet", "--python", sys.executable, venv),
            (uv, "pip", "install", "--quiet", "--python", str(self.python), *options, "-r", lock),
        ):
            told = subprocess.run(  # noqa: S603 - our own commands, no shell
                command,
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=INSTALL_SECONDS,
            )
            assert told.returncode == 0, told.stderr
        return self

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """The image's variables, and what a deployment adds; nothing of this shell's."""
        own = dockerfile.environment(self.name) | {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.app),
            # Not every interface of this machine, and any free port.
            "NEWSLINE_HEALTH_HOST": "127.0.0.1",
            "NEWSLINE_HEALTH_PORT": "0",
        }
        # The image's /tmp is a folder of its own.
        (self.folder / "tmp").mkdir(exist_ok=True)
        if own.get("APP_DATADIR", "").startswith("/tmp/"):  # noqa: S108 - the image's
            own["APP_DATADIR"] = str(self.folder / own["APP_DATADIR"].removeprefix("/"))
        return {**own, "TMPDIR": str(self.folder / "tmp"), **settings}

    def command(self, *arguments: str) -> list[str]:
        """The image's entry point and what it is told; without that, its default."""
        entry = dockerfile.instructions(self.name, "ENTRYPOINT")
        default = json.loads(dockerfile.instructions(self.name, "CMD")[-1])
        told = (json.loads(entry[-1]) if entry else []) + (list(arguments) or default)
        return [str(self.python), *told[1:]]

    def files(self) -> set[str]:
        """Everything in the image's own folder."""
        return {path.relative_to(self.app).as_posix() for path in self.app.rglob("*")}


@dataclass(slots=True)
class Container:
    """A worker that runs from an image."""

    image: Image
    process: subprocess.Popen[bytes]
    log_file: Path
    _port: int | None = field(default=None)

    @classmethod
    def start(cls, image: Image, settings: Mapping[str, str]) -> "Container":
        """Run the image's command."""
        log_file = image.folder / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module
                image.command(),
                cwd=image.app,
                env=image.environment(settings),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - it makes one system call
            )
        return cls(image, process, log_file)

    @property
    def port(self) -> int:
        """Where it answers."""
        assert self._port is not None
        return self._port

    def get(self, path: str) -> tuple[int, str]:
        """Ask its port."""
        return get(f"http://127.0.0.1:{self.port}{path}")

    def wait_until_ready(self) -> None:
        """Return once /readyz is content; a worker that died says its last words."""
        end = time.monotonic() + READY_SECONDS
        while True:
            text = self.log_file.read_text("utf-8")
            assert self.process.poll() is None, f"{self.image.name} died:\n{text[-3000:]}"
            assert time.monotonic() < end, f"{self.image.name} is not ready:\n{text[-3000:]}"
            lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
            ports = [line["port"] for line in lines if "port" in line]
            if ports:
                self._port = int(ports[0])
                if self.get("/readyz")[0] == OK:
                    return
            time.sleep(0.1)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as Docker would; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


def settings(servers: RunningStack, namespace: str) -> dict[str, str]:
    """What a deployment tells its containers."""
    return {
        PREFIX + "KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        PREFIX + "ELASTICSEARCH_URL": servers.elasticsearch_url,
        PREFIX + "NAMESPACE": namespace,
    }


def get(url: str) -> tuple[int, str]:
    """One request; status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - a URL of ours
            return int(answer.status), answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except URLError:
        return 0, ""
