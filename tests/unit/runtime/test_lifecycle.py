"""Real processes and real signals: how a worker ends, and with which exit code."""

import signal
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
import asyncio
from services.runtime import lifecycle
from services.runtime.settings import WorkerSettings

async def body(stopping, health):
    print("running", flush=True)
{body}

lifecycle.run("index", WorkerSettings(health_port=0, shutdown_seconds=1), body)
"""


def start(body: str) -> subprocess.Popen[str]:
    program = PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "))
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    while "running" not in process.stdout.readline():
        assert process.poll() is None
    return process


def end(process: subprocess.Popen[str], number: int | None = signal.SIGTERM) -> tuple[int, str]:
    if number is not None:
        process.send_signal(number)
    assert process.stdout is not None
    with process.stdout:
        output = process.stdout.read()
    return process.wait(timeout=15), output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(number: int) -> None:
    code, output = end(start("await stopping.wait()\nprint('finished', flush=True)"), number)

    assert code == 0
    assert "finished" in output
    assert "Traceback" not in output


def test_work_that_does_not_end_by_the_deadline_is_given_up() -> None:
    code, output = end(start("await asyncio.Event().wait()"))

    assert code == 0
    assert "given up uncommitted" in output


def test_work_that_cannot_even_be_cancelled_does_not_hold_the_process() -> None:
    code, _ = end(
        start(
            """
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    pass
            """
        )
    )

    assert code == 0


def test_a_bug_ends_the_worker_with_1_and_its_place_in_the_log() -> None:
    code, output = end(start("raise ZeroDivisionError"), None)

    assert code == 1
    assert '"level": "ERROR"' in output
    assert "ZeroDivisionError" in output


def test_a_setting_that_turns_out_wrong_is_one_clear_line_and_2() -> None:
    code, output = end(
        start(
            """
            from services.runtime.settings import SettingsError
            raise SettingsError("NEWSLINE_KAFKA_CA_FILE cannot be used")
            """
        ),
        None,
    )

    assert code == 2
    assert "newsline: NEWSLINE_KAFKA_CA_FILE cannot be used" in output
    assert "Traceback" not in output
