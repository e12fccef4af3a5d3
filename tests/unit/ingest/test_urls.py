"""Links to one page → one string."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.urls import canonical_url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a?a=1&b=2",
        "https://example.com/a?b=2&a=1",
        "HTTPS://EXAMPLE.com:443/a?a=1&b=2#top",
        "http://example.com:80/x/../a?utm_source=x&a=1&UTM_campaign=y&b=2",
        "https://example.com/a?a=1&&b=2&fbclid=1&gclid=2&mc_cid=3&mc_eid=4&igshid=5",
    ],
)
def test_links_to_one_page_are_the_same(url: str) -> None:
    assert canonical_url(url) == "http://example.com/a?a=1&b=2"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.com/a", "http://example.com/A"),
        ("http://example.com/a", "http://example.com:8080/a"),
        ("http://example.com/?id=1", "http://example.com/?id=2"),
        ("http://example.com/a", "ftp://example.com/a"),
    ],
)
def test_links_to_two_pages_differ(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize("url", ["http://[::1", "http://\u2100/", "https://a/" + "b" * 9000])
def test_what_cannot_be_read_is_its_own(url: str) -> None:
    assert canonical_url(url) == url


# fmt: off
PIECES = (  # one piece a line would say no more
    "http", "https", ":", "//", "/", "[", "]", "@", "?", "#", "&", "=", ";", "%", "%2", "%ff", "..",
    "a", "ü", "\u2100", ":80", "utm_a=1", "xn--", " ", ".", "::1",
)
# fmt: on


@settings(max_examples=500)
@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
def test_any_junk_has_a_form(url: str) -> None:
    assert isinstance(canonical_url(url), str)
