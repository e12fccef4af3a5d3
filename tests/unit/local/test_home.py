"""What a stack's folder remembers, and what it refuses to lose."""

from pathlib import Path

import pytest

from services.local.errors import HomeBusy, HomeUnusable
from services.local.home import Home
from services.local.locking import file_lock
from services.local.progress import Step, ignore_steps
from services.local.state import ProcessRecord, StackState

KAFKA = ProcessRecord("kafka", 11, 1700000000.25, {"kafka": 29092, "controller": 29093}, "k.log")
NODE = ProcessRecord(
    "elasticsearch", 12, 1700000001.5, {"elasticsearch": 29200, "transport": 29300}, "e.log"
)
STATE = StackState().with_process(KAFKA).with_process(NODE)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "a home")
    home.prepare()
    return home


def test_a_state_is_read_as_it_was_saved(home: Home) -> None:
    home.save(STATE)

    assert home.load() == STATE
    assert home.load().bootstrap_servers == "127.0.0.1:29092"
    assert home.load().elasticsearch_url == "http://127.0.0.1:29200"


def test_a_save_leaves_no_draft(home: Home) -> None:
    before = set(home.path.iterdir())
    home.save(STATE)

    assert set(home.path.iterdir()) - before == {home.path / "state.json"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2, "processes": []}', "null"])
def test_a_state_that_cannot_be_read_is_no_state(home: Home, content: str) -> None:
    (home.path / "state.json").write_text(content, encoding="utf-8")

    assert home.load() == StackState()


def test_a_process_replaces_an_earlier_one_of_its_name() -> None:
    later = ProcessRecord("kafka", 99, 1700000009.0, {"kafka": 1, "controller": 2}, "k.log")

    assert STATE.with_process(later).processes == {"kafka": later, "elasticsearch": NODE}


def test_a_folder_of_other_things_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")

    with pytest.raises(HomeUnusable, match="not a Newsline home"):
        Home(tmp_path).prepare()
    with pytest.raises(HomeUnusable, match="nothing was removed"):
        Home(tmp_path).wipe()
    assert (tmp_path / "thesis.txt").exists()


def test_a_wipe_keeps_what_it_did_not_make(home: Home) -> None:
    (home.path / "notes.txt").write_text("mine", encoding="utf-8")
    (home.kafka / "data").mkdir()

    home.wipe()

    assert [entry.name for entry in home.path.iterdir()] == ["notes.txt"]


def test_a_wipe_removes_an_untouched_folder(home: Home) -> None:
    home.wipe()

    assert not home.path.exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    with pytest.raises(HomeUnusable, match="cannot be written") as raised:
        Home(tmp_path / "file" / "home").prepare()
    assert "NEWSLINE_HOME" in raised.value.hint


def test_a_second_command_waits_says_so_and_gives_up(home: Home) -> None:
    steps: list[Step] = []
    with (
        home.locked(0, ignore_steps),
        pytest.raises(HomeBusy, match="Another newsline command"),
        home.locked(0.2, steps.append),
    ):
        pass

    assert [step.message for step in steps] == [
        "Waiting for another newsline command on this stack…"
    ]


def test_a_lock_survives_the_removal_of_its_file(tmp_path: Path) -> None:
    """
    Who locks a file that was removed and made anew excludes the next one all the same.
    """
    lock = tmp_path / "lock"
    with file_lock(lock, 0):
        lock.unlink()
        with file_lock(lock, 0) as second, file_lock(lock, 0) as third:
            assert (second, third) == (True, False)


def test_a_large_log_is_set_aside(home: Home) -> None:
    log = home.log("kafka")
    with log.open("wb") as file:
        file.truncate(21 * 1024 * 1024)

    assert home.log("kafka") == log
    assert not log.exists()
    assert log.with_suffix(".log.1").exists()
