"""Which article, and which version of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identity import article_id, unpack_version, version

ARRIVAL = 1_767_323_045


def named(  # noqa: PLR0913 - as many parts as an identity has
    *,
    source: str | None = None,
    publisher_id: str | None = None,
    canonical_url: str | None = None,
    title: str | None = None,
    published_on: str | None = None,
    text: str = "",
) -> str:
    return article_id(
        source=source,
        publisher_id=publisher_id,
        canonical_url=canonical_url,
        title=title,
        published_on=published_on,
        text=text,
    )


def test_the_first_name_that_is_there_decides() -> None:
    """
    source and id, else the URL, else the id alone, else title and day, else the text.
    """
    day = "2025-12-27"
    ids = [
        named(source="s", publisher_id="i", canonical_url="u", title="t", published_on=day),
        named(source="s", canonical_url="u", title="t", published_on=day),
        named(publisher_id="i", title="t", published_on=day),
        named(source="s", title="t", published_on=day),
        named(source="s", published_on=day, text="x"),
    ]
    assert len(set(ids)) == len(ids)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in ids)


def test_weaker_names_do_not_count_beside_a_stronger_one() -> None:
    assert named(source="s", publisher_id="i", title="a") == named(
        source="s", publisher_id="i", canonical_url="u", text="b"
    )
    assert named(canonical_url="u", title="a") == named(canonical_url="u", title="b", source="s")


def test_an_identity_never_changes() -> None:
    """
    These ids are in indices: another one for the same article would be a second document.
    """
    assert named(source="s", publisher_id="i") == "7844c72bcfa4e5b6514c0ed717c60a2d"
    titled = named(title="New  YEAR \ufb01nds", published_on="2025-12-27")
    assert titled == "732a1a71ffd7fab9b366f45b56ffc909"


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_two_pairs_of_names_never_run_together(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    if all(one) and all(other):
        same = named(source=one[0], publisher_id=one[1]) == named(
            source=other[0], publisher_id=other[1]
        )
        assert same == (one == other)


def test_names_do_not_run_together_at_their_border() -> None:
    assert named(source="ab", publisher_id="c") != named(source="a", publisher_id="bc")


def test_spelling_of_a_title_does_not_matter() -> None:
    assert named(title="New  Year", published_on="d") == named(title="new year ", published_on="d")
    assert named(title="New Year", published_on="d") != named(title="New Year", published_on="e")


def test_the_later_claim_is_the_newer_version_then_the_later_arrival() -> None:
    in_order = [
        version(claimed_seconds=0, arrival_seconds=ARRIVAL),
        version(claimed_seconds=0, arrival_seconds=ARRIVAL + 1),
        version(claimed_seconds=1, arrival_seconds=ARRIVAL),
        version(claimed_seconds=4_102_444_800, arrival_seconds=ARRIVAL),
        version(claimed_seconds=0, arrival_seconds=0, killed=True),
        version(claimed_seconds=1, arrival_seconds=ARRIVAL, killed=True),
    ]
    assert all(older < newer for older, newer in itertools.pairwise(in_order))


@pytest.mark.parametrize("claimed", [-1, -(10**12), 4_102_444_801, 10**18])
def test_a_claim_of_a_broken_clock_is_none(claimed: int) -> None:
    assert version(claimed_seconds=claimed, arrival_seconds=ARRIVAL) == version(
        claimed_seconds=0, arrival_seconds=ARRIVAL
    )


@given(claimed=st.integers(), arrival=st.integers(), killed=st.booleans())
def test_any_version_fits_elasticsearch(*, claimed: int, arrival: int, killed: bool) -> None:
    packed = version(claimed_seconds=claimed, arrival_seconds=arrival, killed=killed)
    assert 0 <= packed < 2**63


def test_packing_is_claim_above_arrival() -> None:
    packed = version(claimed_seconds=5, arrival_seconds=1_577_836_800 + 7)
    assert packed == 5 * 2**31 + 7


def test_the_parts_of_a_version_can_be_read_back() -> None:
    packed = version(claimed_seconds=1_750_000_000, arrival_seconds=1_760_000_000)
    killed = version(claimed_seconds=1, arrival_seconds=1_760_000_000, killed=True)

    assert unpack_version(packed) == (1_750_000_000, 1_760_000_000, False)
    assert unpack_version(killed) == (0, 1_760_000_000, True)
