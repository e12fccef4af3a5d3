"""How settings are read: from the environment, once, with every mistake named."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "NEWSLINE_"
EXIT_WRONG_USE = 2

Port = Annotated[int, Field(ge=0, le=65535)]

# Every variable that any part of Newsline reads. One environment may serve all of them, so a
# worker must know the others' names to tell a misspelt one; a test compares this with the classes.
KNOWN = frozenset(
    PREFIX + name
    for name in (
        "NAMESPACE",
        "LOG_LEVEL",
        "HEALTH_HOST",
        "HEALTH_PORT",
        "SHUTDOWN_SECONDS",
        "TOPIC_PARTITIONS",
        "TOPIC_REPLICATION",
        "TOPIC_RETENTION_DAYS",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_USERNAME",
        "KAFKA_PASSWORD",
        "KAFKA_PASSWORD_FILE",
        "KAFKA_CA_FILE",
        "KAFKA_CERT_FILE",
        "KAFKA_KEY_FILE",
        "KAFKA_SESSION_TIMEOUT_SECONDS",
        "ELASTICSEARCH_URL",
        "ELASTICSEARCH_API_KEY",
        "ELASTICSEARCH_API_KEY_FILE",
        "ELASTICSEARCH_USERNAME",
        "ELASTICSEARCH_PASSWORD",
        "ELASTICSEARCH_PASSWORD_FILE",
        "ELASTICSEARCH_CA_FILE",
        "ELASTICSEARCH_TIMEOUT_SECONDS",
        "INGEST_BATCH_RECORDS",
        "INGEST_MAX_ARTICLE_BYTES",
        "ENRICH_BATCH_RECORDS",
        "ENRICH_MODELS",
        "ENRICH_PROCESSES",
        "ENRICH_TIMEOUT_SECONDS",
        "INDEX_BATCH_RECORDS",
        "INDEX_DUPLICATE_WINDOW_HOURS",
        "INDEX_GENERATION",
        "INDEX_SHARDS",
        "INDEX_REPLICAS",
        "HOME",
        "CACHE",
        "FREE_PORTS",
        "KAFKA_PORT",
        "KAFKA_CONTROLLER_PORT",
        "KAFKA_HEAP_MB",
        "ELASTICSEARCH_PORT",
        "ELASTICSEARCH_TRANSPORT_PORT",
        "ELASTICSEARCH_HEAP_MB",
        "INGEST_HEALTH_PORT",
        "ENRICH_HEALTH_PORT",
        "INDEX_HEALTH_PORT",
        "START_SECONDS",
        "STOP_SECONDS",
    )
)


class SettingsError(ValueError):
    """The environment is not what a program needs; the message says which variable and why."""


class Settings(BaseSettings):
    """Base of every settings class: frozen, from ``NEWSLINE_`` variables, never printed whole."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)


class WorkerSettings(Settings):
    """What every worker and command knows of its deployment."""

    namespace: str = Field(default="", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$|^$")
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    health_host: str = "127.0.0.1"
    # None: the worker's usual port, or any free one where that is taken. 0: any free one.
    health_port: Port | None = None
    shutdown_seconds: float = Field(default=20, gt=0, le=600)


S = TypeVar("S", bound=Settings)


def read(kind: Callable[[], S]) -> S:
    """Build one settings class from the environment.

    :raises SettingsError: a value is not usable.
    """
    try:
        return kind()
    except ValidationError as error:
        prefix = getattr(kind, "model_config", {}).get("env_prefix", PREFIX)
        faults = [
            f"{prefix}{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise SettingsError("; ".join(faults)) from error


def refuse_misspelt(environ: Mapping[str, str] = os.environ) -> None:
    """Stop at a ``NEWSLINE_`` variable that nobody reads: silence would hide a typing error.

    :raises SettingsError: names the variable and the nearest known one.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in KNOWN:
            continue
        near = difflib.get_close_matches(name, KNOWN, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; deploy/settings.md lists all"
        raise SettingsError(f"{name} is not a setting of Newsline{hint}")


def secret(value: SecretStr | None, file: Path | None, name: str) -> str | None:
    """A secret given in itself or in a file, without the file's last line break.

    :raises SettingsError: both are given, or the file cannot be read.
    """
    if value is not None and file is not None:
        raise SettingsError(f"{name} and {name}_FILE are both set; keep one")
    if file is None:
        return value.get_secret_value() if value is not None else None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: {file} cannot be read") from error


def stop_for_wrong_use(error: SettingsError) -> NoReturn:
    """Say what is wrong with the environment, and exit 2."""
    sys.stderr.write(f"newsline: {error}\n")
    raise SystemExit(EXIT_WRONG_USE)
