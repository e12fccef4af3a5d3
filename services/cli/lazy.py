"""Commands that are imported when they run, so that help and completion import no client."""

import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from services.cli.extras import WRONG_USE, install_hint


class LazyCommand(TyperCommand):
    """A command that is listed by its name and summary, and imported when it runs.

    :param path: ``module:name`` of the command's function, or of a ``typer.Typer``.
    :param help_name: the constant of the same module that holds the help of the function.
    """

    def __init__(
        self, name: str, path: str, summary: str, *, help_name: str = "HELP", hidden: bool = False
    ) -> None:
        super().__init__(name, help=summary, short_help=summary, hidden=hidden)
        self._module, _, self._attribute = path.partition(":")
        self._help_name = help_name

    def load(self) -> Any:  # noqa: ANN401 - typer's own class of commands is private
        """Import the command.

        :raises typer.Exit: with code 2, where a package that it needs is not installed.
        """
        try:
            module = importlib.import_module(self._module)
        except ModuleNotFoundError as error:
            typer.echo(install_hint(error), err=True)
            raise typer.Exit(WRONG_USE) from error
        app = getattr(module, self._attribute)
        if not isinstance(app, typer.Typer):
            function, app = app, typer.Typer(add_completion=False, rich_markup_mode=None)
            app.command(help=getattr(module, self._help_name))(function)
        return typer.main.get_command(app)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - see ``load``
        """Parse arguments with the imported command; the context then runs that command."""
        return self.load().make_context(*args, **kwargs)


def lazy_group(*commands: LazyCommand) -> type[TyperGroup]:
    """Make the class of a group that has these commands besides those that are registered."""

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - as in the base
            super().__init__(**attributes)
            lazy = {str(each.name): each for each in commands}
            self.commands = {**lazy, **self.commands}

    return LazyGroup
