"""The wire form: an optional date, a headline, paragraphs."""

import pytest

from services.ingest.formats.plain_text import parse_plain_text


@pytest.mark.parametrize(
    ("raw", "title", "text", "moment"),
    [
        ("Head\n\nOne\n\nTwo", "Head", "One\n\nTwo", None),
        ("\n\n  date 2025-12-27 Head\r\nOne", "Head", "One", "2025-12-27"),
        ("DATE  2025-12-27\tHead\n\n\n\nOne", "Head", "One", "2025-12-27"),
        ("date 2025-12-27\n\nOne", None, "One", "2025-12-27"),
        ("date 2025-12-27, Head\n\nOne", "date 2025-12-27, Head", "One", None),
        ("Date night ideas\n\nOne", "Date night ideas", "One", None),
        ("Up to date 2025-12-27 Head\n\nOne", "Up to date 2025-12-27 Head", "One", None),
        ("Head", "Head", "", None),
    ],
)
def test_date_headline_and_paragraphs_are_told_apart(
    raw: str, title: str | None, text: str, moment: str | None
) -> None:
    sent = parse_plain_text(raw)
    assert (sent.title, sent.text) == (title, text)
    assert (sent.published.moment if sent.published else None) == moment
    assert sent.extra == {}


@pytest.mark.parametrize("date", ["2025-02-31", "0000-01-01", "99999-01-01", "2025-1-1"])
def test_an_impossible_date_is_kept_and_is_no_part_of_the_headline(date: str) -> None:
    sent = parse_plain_text(f"date {date} Head\n\nOne")
    assert (sent.title, sent.published) == ("Head", None)
    assert sent.extra["published_at"] == date
    assert sent.extra["newsline_problems"] == ["published_at: not in the calendar"]


def test_a_headline_without_end_is_cut_and_kept_whole() -> None:
    sent = parse_plain_text("h" * 3000 + "\n\nOne")
    assert sent.title == "h" * 2000
    assert sent.extra["title"] == "h" * 3000
