"""What was replayed is known exactly, and of no other letter."""

from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters.replay_log import History, runs
from services.contracts.dead_letters import DeadLetterRef, Run
from tests.unit.cli.dead_letters.dead_letters import TOPIC, buried

OFFSETS = st.integers(0, 30)
STEPS = st.lists(st.tuples(OFFSETS, st.integers(0, 10)), max_size=15)


@given(st.sets(st.tuples(st.sampled_from("ab"), st.integers(0, 2), OFFSETS)))
def test_runs_say_exactly_the_places(places: set[tuple[str, int, int]]) -> None:
    found = runs(DeadLetterRef(*place) for place in places)
    said = [(r.topic, r.partition, n) for r in found for n in range(r.first, r.last + 1)]
    assert sorted(said) == sorted(places)
    assert len(found) == sum((t, p, o - 1) not in places for t, p, o in places)


@given(STEPS)
def test_the_last_run_about_a_letter_holds(steps: list[tuple[int, int]]) -> None:
    history, expected = History(), dict[int, int]()
    for time, (first, length) in enumerate(steps, start=1000):
        history.add(Run(TOPIC, 0, first, first + length), time)
        expected |= dict.fromkeys(range(first, first + length + 1), time)
    for offset in range(45):
        assert history.replayed_ms(buried(offset, ms=1000)) == expected.get(offset)


def test_a_letter_is_open_when_the_mark_is_older() -> None:
    """
    Offsets of a topic that was removed and made again begin anew; its letters are others.
    """
    history = History()
    history.add(Run(TOPIC, 0, 0, 9), 2000)
    assert history.replayed_ms(buried(5, ms=1999)) == 2000
    assert history.replayed_ms(buried(5, ms=2001)) is None


def test_another_topic_is_another_letter() -> None:
    history = History()
    history.add(Run(TOPIC, 0, 5, 5), 2000)
    history.add(Run(TOPIC, 1, 6, 6), 2000)
    assert history.replayed_ms(buried(5, topic="articles.accepted.dead")) is None
    assert history.replayed_ms(buried(6)) is None
