"""How a command ends: its exit code and one clear line, never a traceback for a user's mistake."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
T = TypeVar("T")


class Code(IntEnum):
    """The exit codes that DESIGN promises."""

    DONE = 0
    REFUSED = 1
    WRONG_USE = 2
    UNREACHABLE = 3
    # --wait ended without knowing what became of everything.
    UNFINISHED = 4


class Ended(Exception):
    """A command cannot go on; what to say, and the exit code."""

    def __init__(self, message: str, code: Code) -> None:
        super().__init__(message)
        self.code = code


class Away(Ended):
    """A server cannot be reached, or cannot answer now. It may come."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Code.UNREACHABLE)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what may go wrong in a command into its ending."""

    @functools.wraps(command)
    def run_guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        # These take long to import, and `--help` needs none of them.
        from services.cli.support.other_stacks import print_other_stacks  # noqa: PLC0415
        from services.cli.support.output import say  # noqa: PLC0415 - see above
        from services.local.errors import StackError  # noqa: PLC0415 - see above
        from services.runtime.settings import SettingsError, refuse_misspelt  # noqa: PLC0415

        silence_libraries()
        try:
            refuse_misspelt()
            command(*args, **kwargs)
        except SettingsError as error:
            say(f"newsline: {error}")
            raise typer.Exit(Code.WRONG_USE) from error
        except StackError as error:
            say(f"newsline: {error}")
            raise typer.Exit(Code.UNREACHABLE) from error
        except Ended as error:
            say(f"newsline: {error}")
            if error.code is Code.UNREACHABLE:
                print_other_stacks()
            raise typer.Exit(error.code) from error

    return run_guarded


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command; Ctrl-C cancels it and lets it tidy up."""
    return asyncio.run(work)


def silence_libraries() -> None:
    """Client libraries log what this command says itself, once and in words."""
    if not any(isinstance(handler, logging.NullHandler) for handler in logging.root.handlers):
        logging.root.addHandler(logging.NullHandler())
