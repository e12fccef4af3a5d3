"""Errors that end a command: an exit code and a one-line message instead of a traceback."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, NoReturn, ParamSpec, TypeVar

import typer

from services.cli.support.other_stacks import print_other_stacks
from services.cli.support.output import print_message
from services.local.errors import StackError
from services.runtime.settings import SettingsError, refuse_misspelt

P = ParamSpec("P")
T = TypeVar("T")


class ExitCode(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    REFUSED = 1
    WRONG_USE = 2
    UNREACHABLE = 3
    # --wait ended without knowing what became of everything.
    UNFINISHED = 4


class CommandError(Exception):
    """A command cannot continue; carries the message for its user and the exit code."""

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code


class ServerUnavailable(CommandError):
    """A server cannot be reached or cannot answer now. Retrying may help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.UNREACHABLE)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Decorate a command so that expected errors become a one-line message and an exit code."""

    @functools.wraps(command)
    def run_guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        silence_libraries()
        try:
            refuse_misspelt()
            command(*args, **kwargs)
        except SettingsError as error:
            fail(error, ExitCode.WRONG_USE)
        except StackError as error:
            fail(error, ExitCode.UNREACHABLE)
        except CommandError as error:
            print_message(f"newsline: {error}")
            if error.code is ExitCode.UNREACHABLE:
                print_other_stacks()
            raise typer.Exit(error.code) from error

    return run_guarded


def fail(error: Exception, code: ExitCode) -> NoReturn:
    """Print an error and end the command with this exit code.

    :raises typer.Exit: always.
    """
    print_message(f"newsline: {error}")
    raise typer.Exit(code) from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command; Ctrl-C cancels it and lets it clean up."""
    return asyncio.run(work)


def silence_libraries() -> None:
    """Drop the log lines of client libraries: commands report the same failures themselves."""
    if not any(isinstance(handler, logging.NullHandler) for handler in logging.root.handlers):
        logging.root.addHandler(logging.NullHandler())
