"""What to say where a package is not installed: the base installation is that of a worker."""

WRONG_USE = 2  # the exit code, as in support/errors.py, which needs typer


def install_hint(error: ModuleNotFoundError) -> str:
    """One line that names the missing package and what to install.

    :raises ModuleNotFoundError: a module of the command line itself is missing, which is a bug.
    """
    name = error.name or ""
    if name.startswith("services.cli"):
        raise error
    package = ".".join(name.split(".")[: 2 if name.startswith("services.") else 1])
    return f'newsline: {package} is not installed; try: pip install "newsline[console]"'
