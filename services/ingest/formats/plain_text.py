"""The wire form → a submission: ``[date YYYY-MM-DD] headline``, then paragraphs."""

import re

from services.ingest import dates
from services.ingest import text as normalise
from services.ingest.submission import Leftovers, Submission

# Wider than the calendar: an impossible date is a date too, and no part of the headline.
_DATED = re.compile(r"date (?P<date>[0-9]{1,9}-[0-9]{1,9}-[0-9]{1,9})(?!\S) ?", re.IGNORECASE)


def read(raw: str) -> Submission:
    """The submission that a plain text is; any text is one, though it may be left without text."""
    headline, _, body = normalise.text(raw).partition("\n")
    rest = Leftovers()
    published = None
    if dated := _DATED.match(headline):
        headline = headline[dated.end() :]
        try:
            published = dates.read(dated["date"])
        except ValueError:
            rest.refuse("published_at", dated["date"], "not in the calendar")
    title = rest.fitting_title(headline, headline)
    return Submission(text=body.lstrip("\n"), title=title, published=published, extra=rest.all())
