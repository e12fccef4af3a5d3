import pytest

from services.enrich.nlp.entities.recognizer import enforce_consistency, mention_at
from services.enrich.nlp.text.segmentation import segment


def half_mentions(text: str) -> list[str]:
    """The mentions after the first two words, which name a place in full."""
    segments = segment(text)
    place = mention_at(segments, 0, 2, "LOC")
    return [mention.words[0] for mention in enforce_consistency(segments, [place]) if mention.first]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("North Korea fired. Ships of the North left.", ["North"]),
        ("South Sudan voted. Nobody in the South objected.", ["South"]),
        ("East Germany fell. Many left the East for the West.", ["East"]),
        ("South Sudan voted. They went south, to the South Bank.", []),
        ("South Sudan voted. It lies in the South of the region.", []),
        ("South Carolina voted. So did the South.", []),
        ("Seoul Tower closed. Ships of the North left.", []),
    ],
)
def test_a_half_of_a_divided_country_is_found_where_it_is_named_in_full(
    text: str, found: list[str]
) -> None:
    assert half_mentions(text) == found
