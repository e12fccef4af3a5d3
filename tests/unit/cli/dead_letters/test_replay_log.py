"""It is known exactly which dead letters were replayed."""

from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters.replay_log import ReplayLog, replay_marks
from services.contracts.dead_letters import DeadLetterRef
from services.contracts.replay_marks import ReplayMark
from tests.unit.cli.dead_letters.samples import TOPIC, entry

OFFSETS = st.integers(0, 30)
STEPS = st.lists(st.tuples(OFFSETS, st.integers(0, 10)), max_size=15)


@given(st.sets(st.tuples(st.sampled_from("ab"), st.integers(0, 2), OFFSETS)))
def test_marks_cover_exactly_the_references(refs: set[tuple[str, int, int]]) -> None:
    marks = replay_marks(DeadLetterRef(*ref) for ref in refs)
    covered = [(m.topic, m.partition, n) for m in marks for n in range(m.first, m.last + 1)]
    assert sorted(covered) == sorted(refs)
    assert len(marks) == sum((t, p, o - 1) not in refs for t, p, o in refs)


@given(STEPS)
def test_the_last_mark_of_a_dead_letter_holds(steps: list[tuple[int, int]]) -> None:
    log, expected = ReplayLog(), dict[int, int]()
    for time, (first, length) in enumerate(steps, start=1000):
        log.add(ReplayMark(TOPIC, 0, first, first + length), time)
        expected |= dict.fromkeys(range(first, first + length + 1), time)
    for offset in range(45):
        assert log.replayed_ms(entry(offset, ms=1000)) == expected.get(offset)


def test_a_dead_letter_is_open_when_the_mark_is_older() -> None:
    """
    Offsets of a topic that was deleted and created again begin anew, with other dead letters.
    """
    log = ReplayLog()
    log.add(ReplayMark(TOPIC, 0, 0, 9), 2000)
    assert log.replayed_ms(entry(5, ms=1999)) == 2000
    assert log.replayed_ms(entry(5, ms=2001)) is None


def test_another_topic_or_partition_is_another_dead_letter() -> None:
    log = ReplayLog()
    log.add(ReplayMark(TOPIC, 0, 5, 5), 2000)
    log.add(ReplayMark(TOPIC, 1, 6, 6), 2000)
    assert log.replayed_ms(entry(5, topic="articles.accepted.dead")) is None
    assert log.replayed_ms(entry(6)) is None
