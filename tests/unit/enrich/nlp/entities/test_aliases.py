import pytest

from services.enrich.nlp.entities.aliases import merge_aliases
from services.enrich.nlp.entities.recognizer import EntityType, Mention


def entities(*names: tuple[str, EntityType]) -> list[tuple[str, str, int]]:
    """Name, type and count of the entities of a text that consists of these names."""
    text, mentions, token = "", [], 0
    for name, entity_type in names:
        words = tuple(name.split())
        start = len(text)
        text += name + " , "
        last = token + len(words)
        mentions.append(Mention(start, start + len(name), token, last, words, entity_type))
        token = last + 1
    return [(g.name(text), g.type, len(g.mentions)) for g in merge_aliases(mentions)]


@pytest.mark.parametrize(
    ("names", "merged"),
    [
        (["Kim Jong Un", "Kim", "Kim"], [("Kim Jong Un", 3)]),
        (["Kim", "Kim Jong Un"], [("Kim Jong Un", 2)]),
        (["Kim Jong Un", "Kim Jong-un"], [("Kim Jong Un", 2)]),
        (["Vladimir Putin", "Putin", "President Putin"], [("Vladimir Putin", 3)]),
        (["PUTIN", "Putin"], [("Putin", 2)]),
        (["Donald Trump", "Donald J. Trump", "Trump"], [("Donald J. Trump", 3)]),
        (["Joe Biden", "Hunter Biden", "Biden"], [("Joe Biden", 1), ("Hunter Biden", 2)]),
        (["Joe Biden", "Hunter Biden", "Joe"], [("Joe Biden", 2), ("Hunter Biden", 1)]),
        (["Kim Jong Un", "Kim Yo Jong"], [("Kim Jong Un", 1), ("Kim Yo Jong", 1)]),
        (["Luiz Inácio Lula da Silva", "Lula"], [("Luiz Inácio Lula da Silva", 2)]),
    ],
)
def test_persons(names: list[str], merged: list[tuple[str, int]]) -> None:
    found = entities(*((name, "PER") for name in names))

    assert found == [(name, "PER", count) for name, count in merged]


@pytest.mark.parametrize(
    ("names", "merged"),
    [
        (["Korean Central News Agency", "KCNA"], [("Korean Central News Agency", 2)]),
        (["Bank of England", "BoE"], [("Bank of England", 2)]),
        (["Microsoft Corp.", "Microsoft"], [("Microsoft Corp.", 2)]),
        (["Reliance Industries Ltd", "Reliance"], [("Reliance Industries Ltd", 2)]),
        (["Yonhap", "Yonhap news agency"], [("Yonhap news agency", 2)]),
        (["UN", "U.N.", "United Nations"], [("United Nations", 3)]),
        (["the Guardian", "Guardian"], [("Guardian", 2)]),
        (
            ["Ministry of Defence", "Ministry of Finance"],
            [("Ministry of Defence", 1), ("Ministry of Finance", 1)],
        ),
        (
            ["Manchester United", "Manchester City", "MU"],
            [("Manchester United", 2), ("Manchester City", 1)],
        ),
        (["Asian Bank", "African Bank", "AB"], [("Asian Bank", 1), ("African Bank", 1), ("AB", 1)]),
    ],
)
def test_organisations(names: list[str], merged: list[tuple[str, int]]) -> None:
    found = entities(*((name, "ORG") for name in names))

    assert found == [(name, "ORG", count) for name, count in merged]


@pytest.mark.parametrize(
    ("names", "merged"),
    [
        (["US", "United States", "U.S."], [("United States", 3)]),
        (["North Korea", "South Korea", "North"], [("North Korea", 2), ("South Korea", 1)]),
        (["South Carolina", "South"], [("South Carolina", 1), ("South", 1)]),
        (["South Sudan", "South"], [("South Sudan", 2)]),
        (["East Germany", "West", "East"], [("East Germany", 2), ("West", 1)]),
        (
            ["North Korea", "North Vietnam", "North"],
            [("North Korea", 1), ("North Vietnam", 1), ("North", 1)],
        ),
        (["New York", "York"], [("New York", 1), ("York", 1)]),
        (["US", "US"], [("US", 2)]),
    ],
)
def test_places(names: list[str], merged: list[tuple[str, int]]) -> None:
    found = entities(*((name, "LOC") for name in names))

    assert found == [(name, "LOC", count) for name, count in merged]


def test_one_name_has_one_type_the_most_frequent() -> None:
    assert entities(("Jordan", "LOC"), ("Jordan", "PER"), ("Jordan", "PER")) == [
        ("Jordan", "PER", 3)
    ]


def test_nationality_and_place_stay_apart() -> None:
    assert entities(("North Korea", "LOC"), ("North Korean", "MISC")) == [
        ("North Korea", "LOC", 1),
        ("North Korean", "MISC", 1),
    ]
