"""Settings from environment variables: read once, with every mistake named."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contracts.settings import SETTING_NAMES

PREFIX = "NEWSLINE_"
EXIT_WRONG_USE = 2

Port = Annotated[int, Field(ge=0, le=65535)]


class SettingsError(ValueError):
    """The environment is not what a program needs; the message says which variable and why."""


class Settings(BaseSettings):
    """Base of every settings class: frozen, from ``NEWSLINE_`` variables, never printed whole."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, hide_input_in_errors=True)


class WorkerSettings(Settings):
    """Settings that all workers have in common."""

    namespace: str = Field(
        default="",
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$|^$",
        description="at most 63 lower-case letters, digits and hyphens",
    )
    log_level: str = Field(
        default="INFO",
        pattern=r"^(DEBUG|INFO|WARNING|ERROR)$",
        description="DEBUG, INFO, WARNING or ERROR",
    )
    health_host: str = "127.0.0.1"
    # None: the worker's usual port, or any free one where that is taken. 0: any free one.
    health_port: Port | None = None
    shutdown_seconds: float = Field(default=20, gt=0, le=600)


S = TypeVar("S", bound=Settings)

# By the codes of pydantic, for the constraints that our settings use; their context is filled in.
_MESSAGES = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
}


def read_settings(kind: Callable[[], S]) -> S:
    """Build one settings class from the environment.

    :raises SettingsError: a value is not usable.
    """
    try:
        return kind()
    except ValidationError as error:
        prefix = getattr(kind, "model_config", {}).get("env_prefix", PREFIX)
        fields = getattr(kind, "model_fields", {})
        faults = []
        for fault in error.errors():
            name = "_".join(map(str, fault["loc"]))
            described = fields[name].description if name in fields else None
            faults.append(f"{prefix}{name.upper()} {_explain(fault, described)}")
        raise SettingsError("; ".join(faults)) from error


def _explain(fault: ErrorDetails, description: str | None) -> str:
    """Say what a value must be, without quoting it: it may be a secret."""
    if message := _MESSAGES.get(fault["type"]):
        return message.format_map(fault.get("ctx", {}))
    if description:
        return f"must be {description}"
    return f"is not usable: {fault['msg'].removeprefix('Value error, ')}"


def refuse_misspelt(environ: Mapping[str, str] = os.environ) -> None:
    """Refuse a ``NEWSLINE_`` variable that nobody reads: silence would hide a typing error.

    :raises SettingsError: names the variable and the nearest known one.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in SETTING_NAMES:
            continue
        near = difflib.get_close_matches(name, SETTING_NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; deploy/settings.md lists all"
        raise SettingsError(f"{name} is not a setting of Newsline{hint}")


def read_secret(value: SecretStr | None, file: Path | None, name: str) -> str | None:
    """Read a secret that is given as a value or in a file, without the file's last line break.

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
    """Print what is wrong with the environment, and exit 2."""
    sys.stderr.write(f"newsline: {error}\n")
    raise SystemExit(EXIT_WRONG_USE)
