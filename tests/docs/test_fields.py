"""services/contracts/FIELDS.md tells of every stored field, as contract and mapping have it."""

import re

from services.contracts.articles import EnrichedArticle
from tests.docs import fields

# The models' numbers may differ in their last digits from one processor to the next.
NUMBER = re.compile(r"-?\d+\.\d+")


def test_the_page_is_current() -> None:
    told, made = fields.PAGE.read_text(encoding="utf-8"), fields.render()

    assert NUMBER.sub("#", told) == NUMBER.sub("#", made), "run: make fields"
    for one, other in zip(NUMBER.findall(told), NUMBER.findall(made), strict=True):
        assert abs(float(one) - float(other)) < 0.01, "run: make fields"


def test_every_field_of_the_mapping_is_told_with_its_meaning() -> None:
    told = {row[0].strip("`"): row[2] for row in fields.rows()}

    assert {name for name in told if "." not in name} == set(fields.properties())
    assert all(meaning.endswith(".") for meaning in told.values())
    assert set(fields.FILLED_BY) <= set(EnrichedArticle.model_fields)


def test_the_example_shows_nearly_every_field() -> None:
    """
    A copy of another article would be marked; this one is none.
    """
    assert [name for name, value in fields.stored().items() if not value] == ["duplicate_of"]
