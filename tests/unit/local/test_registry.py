"""Where stacks run, as commands in other folders are told."""

import os
from pathlib import Path

import psutil
import pytest

from services.local.errors import PortTaken
from services.local.home import Home
from services.local.ports import KAFKA_PORTS, choose_ports
from services.local.registry import (
    describe_other_stacks,
    register_home,
    running_homes,
    unregister_home,
)
from services.local.settings import StackSettings
from services.local.state import ProcessRecord, StackState


@pytest.fixture(autouse=True)
def own_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def running_home(path: Path, port: int = 1) -> Home:
    """A home whose Kafka is this process."""
    home = Home(path)
    home.prepare()
    created = psutil.Process().create_time()
    kafka = ProcessRecord("kafka", os.getpid(), created, {"kafka": port}, "k.log")
    home.save(StackState().with_process(kafka))
    register_home(home)
    return home


def test_a_stack_that_runs_is_found_from_elsewhere(tmp_path: Path) -> None:
    home = running_home(tmp_path / "it's here")

    assert running_homes() == [home]
    assert describe_other_stacks(home) == ""
    assert describe_other_stacks(Home(tmp_path / "none")) == (
        f"No stack runs from {tmp_path}/none; one runs from elsewhere: "
        f"NEWSLINE_HOME='{tmp_path}/it'\"'\"'s here'"
    )


def test_a_stack_that_was_stopped_is_not(tmp_path: Path) -> None:
    home = running_home(tmp_path / "home")
    home.save(StackState())

    assert running_homes() == []
    assert describe_other_stacks(Home(tmp_path / "none")) == ""


def test_a_stack_that_was_removed_is_forgotten(tmp_path: Path) -> None:
    home, other = running_home(tmp_path / "home"), running_home(tmp_path / "other")
    home.wipe()
    unregister_home(other)

    assert running_homes() == []
    assert [*(tmp_path / "state" / "newsline" / "stacks").iterdir()] == []


def test_no_place_for_it_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file", encoding="utf-8")
    home = running_home(tmp_path / "home")
    unregister_home(home)

    assert running_homes() == []


def test_the_stack_that_holds_a_port_is_named(tmp_path: Path, taken: int) -> None:
    home = running_home(tmp_path / "home", taken)

    with pytest.raises(PortTaken, match=f"It is kafka of the stack of NEWSLINE_HOME={home.path}."):
        choose_ports(KAFKA_PORTS, StackSettings(kafka_port=taken))
