"""Entry point of the ``newsline`` command."""

import importlib
import io
import sys

from services.cli.extras import WRONG_USE, install_hint


def main() -> None:
    """Run the command; its exit codes are those of ``support.errors.ExitCode``."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Unicode shows a question mark where it has no character.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        # By name: the base installation has no typer.
        application = importlib.import_module("services.cli.application")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{install_hint(error)}\n")
        sys.exit(WRONG_USE)
    application.app(prog_name="newsline")


if __name__ == "__main__":
    main()
