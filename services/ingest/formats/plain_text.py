"""Parsing plain text: ``[date YYYY-MM-DD] headline``, then paragraphs."""

import re

from services.ingest.dates import parse_date
from services.ingest.submission import ExtraFields, Submission
from services.ingest.text import clean_text

# Wider than the calendar: an impossible date is a date too, and no part of the headline.
_DATED = re.compile(r"date (?P<date>[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,9})(?!\S) ?", re.IGNORECASE)


def parse_plain_text(raw: str) -> Submission:
    """Parse a plain text; any is a submission, though its text may be empty."""
    headline, _, body = clean_text(raw).partition("\n")
    extra = ExtraFields()
    published = None
    if dated := _DATED.match(headline):
        headline = headline[dated.end() :]
        try:
            published = parse_date(dated["date"])
        except ValueError:
            extra.keep_unusable("published_at", dated["date"], "not in the calendar")
    title = extra.truncate_title(headline, headline)
    return Submission(
        text=body.lstrip("\n"), title=title, published=published, extra=extra.as_dict()
    )
