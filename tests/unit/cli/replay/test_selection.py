"""Which letters a replay takes, and which it leaves, and that it says so."""

from hypothesis import given
from hypothesis import strategies as st

from services.cli.dead_letters.reader import Buried
from services.cli.replay.selection import NAMED, Choice, Wish
from services.contracts.dead_letters import DeadLetterRef
from tests.unit.cli.dead_letters.dead_letters import TOPIC, buried


def chosen(wish: Wish, *letters: Buried, replayed: tuple[int, ...] = ()) -> Choice:
    choice = Choice(wish)
    for letter in letters:
        choice.consider(letter, 5000 if letter.offset in replayed else None)
    return choice


def offsets(choice: Choice) -> list[int]:
    return [letter.offset for letter in choice.taken]


def test_all_are_those_that_were_not_replayed() -> None:
    choice = chosen(Wish(), buried(0), buried(1), buried(2), replayed=(1,))
    assert offsets(choice) == [0, 2]
    assert (choice.counts["replayed"], choice.left) == (1, [])


def test_only_the_reasons_that_were_asked_for() -> None:
    letters = (buried(0, code="a"), buried(1, code="b"), buried(2, code="c"), buried(3, code="a"))
    choice = chosen(Wish(reasons=frozenset({"a", "c"})), *letters)
    assert offsets(choice) == [0, 2, 3]
    assert choice.reasons() == {("articles.raw", "a"): 2, ("articles.raw", "c"): 1}


def test_letters_that_failed_too_often_are_left_and_named() -> None:
    choice = chosen(Wish(max_attempts=3), *(buried(n, attempt=n) for n in range(1, 5)))
    assert offsets(choice) == [1, 2]
    assert [(left.place.offset, left.reason) for left in choice.left] == [
        (3, "it has failed 3 times"),
        (4, "it has failed 4 times"),
    ]


def test_named_letters_go_and_no_others() -> None:
    wish = Wish(places=frozenset({DeadLetterRef(TOPIC, 0, 1), DeadLetterRef(TOPIC, 0, 9)}))
    choice = chosen(wish, buried(0), buried(1))
    assert offsets(choice) == [1]
    assert choice.missing == [DeadLetterRef(TOPIC, 0, 9)]


def test_a_named_letter_that_was_replayed_goes_only_by_force() -> None:
    wish = Wish(places=frozenset({DeadLetterRef(TOPIC, 0, 1)}))
    choice = chosen(wish, buried(1), replayed=(1,))
    assert (offsets(choice), [left.reason for left in choice.left]) == (
        [],
        ["it was replayed already"],
    )
    forced = Wish(places=wish.places, force=True)
    assert offsets(chosen(forced, buried(1, attempt=99), replayed=(1,))) == [1]


def test_what_is_left_is_counted_and_not_all_of_it_is_kept() -> None:
    choice = chosen(Wish(), *(buried(n, attempt=9) for n in range(NAMED + 50)))
    assert (len(choice.left), choice.counts["attempts"]) == (NAMED, NAMED + 50)


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(1, 7), st.sampled_from("ab"), st.booleans()), max_size=30),
)
def test_every_letter_is_taken_or_counted(limit: int, kinds: list[tuple[int, str, bool]]) -> None:
    letters = [buried(n, attempt=a, code=c) for n, (a, c, _) in enumerate(kinds)]
    done = tuple(n for n, (_, _, replayed) in enumerate(kinds) if replayed)
    choice = chosen(Wish(limit=limit), *letters, replayed=done)
    assert len(choice.taken) + choice.counts.total() == len(letters)
    assert len(choice.taken) <= limit
    assert offsets(choice) == sorted(offsets(choice))
    assert choice.counts["limit"] == 0 or len(choice.taken) == limit
    assert choice.bytes == 10 * len(choice.taken)
