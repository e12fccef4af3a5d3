"""Which dead entries a replay selects, and which it skips, and that it says so."""

from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters.reader import DeadLetterEntry
from services.cli.replay.selection import MAX_NAMED, ReplayFilter, ReplaySelection
from services.contracts.dead_letters import DeadLetterRef
from tests.unit.cli.dead_letters.samples import TOPIC, entry


def select(
    wanted: ReplayFilter, *entries: DeadLetterEntry, replayed: tuple[int, ...] = ()
) -> ReplaySelection:
    selection = ReplaySelection(wanted)
    for each in entries:
        selection.consider(each, 5000 if each.offset in replayed else None)
    return selection


def offsets(selection: ReplaySelection) -> list[int]:
    return [each.offset for each in selection.entries]


def test_all_are_those_that_were_not_replayed() -> None:
    selection = select(ReplayFilter(), entry(0), entry(1), entry(2), replayed=(1,))
    assert offsets(selection) == [0, 2]
    assert (selection.counts["replayed"], selection.skipped) == (1, [])


def test_only_the_reasons_that_were_asked_for() -> None:
    entries = (entry(0, code="a"), entry(1, code="b"), entry(2, code="c"), entry(3, code="a"))
    selection = select(ReplayFilter(reasons=frozenset({"a", "c"})), *entries)
    assert offsets(selection) == [0, 2, 3]
    assert selection.by_reason() == {("articles.raw", "a"): 2, ("articles.raw", "c"): 1}


def test_those_that_failed_too_often_are_skipped_and_named() -> None:
    selection = select(ReplayFilter(max_attempts=3), *(entry(n, attempt=n) for n in range(1, 5)))
    assert offsets(selection) == [1, 2]
    assert [(each.ref.offset, each.reason) for each in selection.skipped] == [
        (3, "it has failed 3 times"),
        (4, "it has failed 4 times"),
    ]


def test_named_ones_go_and_no_others() -> None:
    wanted = ReplayFilter(refs=frozenset({DeadLetterRef(TOPIC, 0, 1), DeadLetterRef(TOPIC, 0, 9)}))
    selection = select(wanted, entry(0), entry(1))
    assert offsets(selection) == [1]
    assert selection.missing == [DeadLetterRef(TOPIC, 0, 9)]


def test_a_named_one_that_was_replayed_goes_only_by_force() -> None:
    wanted = ReplayFilter(refs=frozenset({DeadLetterRef(TOPIC, 0, 1)}))
    selection = select(wanted, entry(1), replayed=(1,))
    assert (offsets(selection), [each.reason for each in selection.skipped]) == (
        [],
        ["it was replayed already"],
    )
    forced = ReplayFilter(refs=wanted.refs, force=True)
    assert offsets(select(forced, entry(1, attempt=99), replayed=(1,))) == [1]


def test_what_is_skipped_is_counted_and_not_all_of_it_is_kept() -> None:
    selection = select(ReplayFilter(), *(entry(n, attempt=9) for n in range(MAX_NAMED + 50)))
    assert (len(selection.skipped), selection.counts["attempts"]) == (MAX_NAMED, MAX_NAMED + 50)


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 7), st.sampled_from("ab"), st.booleans()), max_size=30),
)
def test_every_dead_letter_is_selected_or_counted(
    limit: int, kinds: list[tuple[int, str, bool]]
) -> None:
    entries = [entry(n, attempt=a, code=c) for n, (a, c, _) in enumerate(kinds)]
    done = tuple(n for n, (_, _, replayed) in enumerate(kinds) if replayed)
    selection = select(ReplayFilter(limit=limit), *entries, replayed=done)
    assert len(selection.entries) + selection.counts.total() == len(entries)
    assert len(selection.entries) <= limit
    assert offsets(selection) == sorted(offsets(selection))
    assert selection.counts["limit"] == 0 or len(selection.entries) == limit
    assert selection.total_bytes == 10 * len(selection.entries)
