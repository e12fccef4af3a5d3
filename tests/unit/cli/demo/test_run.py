from pathlib import Path

from services.cli.demo.run import ARTICLES, SAMPLE, ids_of

GIVEN = Path(__file__).parents[3] / "data" / SAMPLE.name


def test_the_sample_is_the_one_that_was_given() -> None:
    assert SAMPLE.read_bytes() == GIVEN.read_bytes()


async def test_every_article_of_the_demo_is_one_for_ingest() -> None:
    """Nine records, one of them a correction of another."""
    ids = await ids_of(ARTICLES)
    assert len(ids) == len(set(ids)) == 8
    assert ids[0] == (await ids_of(SAMPLE))[0]
