"""``python3 deploy/venv.py FOLDER WHAT LOCK...``: make a virtual environment, or add to it.

It shows how far pip is, and says what pip's failures mean. Standard library only, so that any
Python can run it before anything is installed, if only to say that it is too old.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

OLDEST = (3, 11)
FETCHES = re.compile(r"\s+(?:Downloading|Using cached) ([\w.]+)-.* \(([\d.]+) (kB|MB)\)")
# pip goes on to say "No matching distribution", as if the package were the fault.
OFFLINE = ("Retrying (Retry(", "connection broken", "Could not fetch URL")
REFRESH_SECONDS = 0.5
# In a log, only what takes a while to fetch is worth a line.
LARGE_MB = 10


class Display:
    """What is going on and for how long: one line that changes, or one for each step in a log."""

    def __init__(self) -> None:
        self._text, self._since = "", time.monotonic()
        self._lock = threading.Lock()
        if sys.stdout.isatty():
            threading.Thread(target=self._refresh, daemon=True).start()

    def step(self, text: str, *, logged: bool = True) -> None:
        """Show another step; ``logged``: where nobody watches, it is worth a line too."""
        with self._lock:
            self._text, self._since = text, time.monotonic()
        if logged and not sys.stdout.isatty():
            sys.stdout.write(f"  {text}\n")
            sys.stdout.flush()

    def end(self) -> None:
        """Clear the line that changes."""
        with self._lock:
            self._text = ""
            if sys.stdout.isatty():
                sys.stdout.write("\r\x1b[K")

    def _refresh(self) -> None:
        while True:
            with self._lock:
                if self._text:
                    seconds = time.monotonic() - self._since
                    sys.stdout.write(f"\r\x1b[K  {self._text} {seconds:.0f} s")
                    sys.stdout.flush()
            time.sleep(REFRESH_SECONDS)


def check_python() -> None:
    """Stop where this Python cannot make the environment."""
    if sys.version_info < OLDEST:
        version = sys.version.split(maxsplit=1)[0]
        sys.exit(
            f"Newsline needs Python 3.11 or newer; this is {version}. "
            "Another one: make PYTHON=python3.11 ..."
        )
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            "This Python cannot make virtual environments. On Debian and Ubuntu: "
            "apt-get install python3-venv"
        )


def install(python: Path, arguments: list[str]) -> float:
    """Run pip and show how far it is; the megabytes that were fetched."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    display, said, fetched = Display(), deque[str](maxlen=15), 0.0
    offline = ""
    with subprocess.Popen(  # noqa: S603 - pip, with our own arguments
        [*command, "--progress-bar", "off", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            if found := FETCHES.match(line):
                size = float(found[2]) / (1 if found[3] == "MB" else 1000)
                text = f"{fetched:.0f} MB; {found[1]} ({size:.1f} MB)"
                display.step(text, logged=size > LARGE_MB)
                fetched += size
            elif fetched and line.startswith("Installing collected packages"):
                display.step(f"{fetched:.0f} MB fetched; unpacking {line.count(',') + 1} packages")
            elif any(sign in line for sign in OFFLINE):
                offline = offline or line
                display.step("the package registry does not answer; trying again", logged=False)
    display.end()
    if process.returncode:
        sys.stderr.writelines([offline] if offline else said)
        sys.exit(
            "The package registry cannot be reached: is this machine connected?"
            if offline
            else "pip could not install what Newsline needs; its last words are above."
        )
    return fetched


def main() -> None:
    """Make the environment, unless it is there, and install the locks and this project."""
    parser = argparse.ArgumentParser(prog="deploy/venv.py", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what")
    parser.add_argument("locks", type=Path, nargs="+")
    told = parser.parse_args()
    check_python()
    started = time.monotonic()
    sys.stdout.write(f"Installing into {told.folder}: {told.what}.\n")
    sys.stdout.flush()
    python = told.folder / "bin" / "python"
    if not (told.folder / "bin" / "pip").is_file():
        subprocess.run(  # noqa: S603 - this Python
            [sys.executable, "-m", "venv", str(told.folder)], check=True
        )
    locks = [option for lock in told.locks for option in ("--requirement", str(lock))]
    fetched = install(python, ["--require-hashes", *locks])
    install(python, ["--no-deps", "--no-build-isolation", "--editable", "."])
    seconds = time.monotonic() - started
    sys.stdout.write(f"Installed: {fetched:.0f} MB fetched, {seconds:.0f} s.\n")


if __name__ == "__main__":
    main()
